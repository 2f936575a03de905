import { describe, expect, test } from 'vitest'
import { renderJson } from '../../../src/cli/output/json.ts'
import { renderTable } from '../../../src/cli/output/table.ts'
import {
  displayWidth,
  escapeControl,
  escapeControlInLines,
  formatBytes,
  formatDuration,
  shellWord,
  truncate,
} from '../../../src/cli/output/text.ts'

describe('text from a server', () => {
  test('cannot steer the terminal: C0, DEL, C1, line separators and bidirectional overrides become visible', () => {
    const evil = '\u001b[31m\u0007\r\n\t\u007f\u009b2J\u2028\u202e'
    expect(escapeControl(evil)).toBe('\\u001b[31m\\u0007\\r\\n\\t\\u007f\\u009b2J\\u2028\\u202e')
  })

  test('keeps its own line breaks and tabs where it may have lines', () => {
    expect(escapeControlInLines('a\n\tb\r\u001b[0m')).toBe('a\n\tb\\r\\u001b[0m')
  })

  test('stays as it is when it is only text', () => {
    expect(escapeControl('Prüfung – 電源 ✓')).toBe('Prüfung – 電源 ✓')
  })

  test('as JSON carries no control character either, and means the same', () => {
    const value = { text: '\u001b[2J\u009b\u007f\u202e' }
    const json = renderJson(value)
    // biome-ignore lint/suspicious/noControlCharactersInRegex: these are what must not be there
    expect(json).not.toMatch(/[\u0000-\u0009\u000b-\u001f\u007f-\u009f\u202e]/)
    expect(JSON.parse(json)).toEqual(value)
  })
})

describe('widths', () => {
  test('count what a terminal shows', () => {
    expect(displayWidth('abc')).toBe(3)
    expect(displayWidth('電源')).toBe(4)
    expect(displayWidth('e\u0301')).toBe(1)
  })

  test('a text that is too wide is cut and says so', () => {
    expect(truncate('abcdef', 6)).toBe('abcdef')
    expect(truncate('abcdef', 4)).toBe('abc…')
    expect(truncate('電源電源', 5)).toBe('電源…')
    expect(truncate('abc', 0)).toBe('')
  })
})

test('durations are short and never negative', () => {
  const shown = [-5, 0, 1234, 59_940, 59_990, 125_000, 3_720_000, 277_200_000].map(formatDuration)
  expect(shown).toEqual(['0.0s', '0.0s', '1.2s', '59.9s', '1m00s', '2m05s', '1h02m', '3d05h'])
})

test('sizes have units', () => {
  expect([17, 1536, 3.5 * 1024 * 1024].map(formatBytes)).toEqual(['17 B', '1.5 KiB', '3.5 MiB'])
})

test('an id with odd characters is quoted for the shell', () => {
  expect(shellWord('review-1')).toBe('review-1')
  expect(shellWord("it's; rm")).toBe(`'it'\\''s; rm'`)
})

describe('a table', () => {
  const rows = [
    ['1', 'first'],
    ['22', 'a\u001b[31mb'],
    ['333', null],
  ]

  test('aligns its columns and escapes its cells', () => {
    expect(renderTable(['ID', 'NAME'], rows)).toBe('ID   NAME\n1    first\n22   a\\u001b[31mb\n333  -\n')
  })

  const runs = [
    ['0197aaaa-0001', 'completed', '2026-01-02', 'nightly review of the whole'],
    ['0197aaaa-0002', 'running', '2026-01-02', 'sleep'],
  ]
  const at = (columns: number | undefined) =>
    renderTable(['RUN', 'STATUS', 'CREATED', 'NAME'], runs, { columns, cut: ['NAME'], drop: ['CREATED'] })

  test('fits a terminal by what describes; what identifies is whole', () => {
    expect(at(60).split('\n')).toEqual([
      'RUN            STATUS     CREATED     NAME',
      '0197aaaa-0001  completed  2026-01-02  nightly review of the…',
      '0197aaaa-0002  running    2026-01-02  sleep',
      '',
    ])
    expect(at(36).split('\n')).toEqual([
      'RUN            STATUS     NAME',
      '0197aaaa-0001  completed  nightly r…',
      '0197aaaa-0002  running    sleep',
      '',
    ])
  })

  test('on a terminal that is too narrow for it lists the fields of each row', () => {
    const one = (run: string, status: string, name: string) =>
      `RUN      ${run}\nSTATUS   ${status}\nCREATED  2026-01-02\nNAME     ${name}\n`
    expect(at(20)).toBe(
      [
        one('0197aaaa-0001', 'completed', 'nightly review of the whole'),
        one('0197aaaa-0002', 'running', 'sleep'),
      ].join('\n'),
    )
  })

  test('is whole in a pipe', () => {
    expect(at(undefined)).toContain('0197aaaa-0001  completed  2026-01-02  nightly review of the whole\n')
  })
})
