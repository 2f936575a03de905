import { describe, expect, test } from 'vitest'
import { parseCsv } from '../../../src/built-in/analysis/parse/csv.ts'
import { parseDocument } from '../../../src/built-in/analysis/parse/index.ts'

const rows = (path: string, text: string) =>
  parseDocument({ path, text }).tables.map(({ headers, rows: all }) => ({
    headers,
    rows: all.map(({ line, cells }) => [line, ...cells.map((cell) => cell.text)]),
  }))

describe('CSV', () => {
  test('has the line where each record begins, with quotes, line breaks in them, comments and CRLF', () => {
    expect(parseCsv('a.csv', '# note\r\na,b\r\n\r\n"x\ny","say ""hi"""\r\n1,2')).toEqual([
      { line: 2, cells: ['a', 'b'] },
      { line: 4, cells: ['x\ny', 'say "hi"'] },
      { line: 6, cells: ['1', '2'] },
    ])
  })

  test('may be separated by semicolons, tabs or bars, and rows may be short', () => {
    for (const [delimiter, path] of [
      [';', 'a.csv'],
      ['\t', 'a.tsv'],
      ['|', 'a.csv'],
    ] as const)
      expect(rows(path, `a${delimiter}b${delimiter}c\n1,5${delimiter}2`)).toEqual([
        { headers: ['a', 'b', 'c'], rows: [[2, '1,5', '2', '']] },
      ])
  })

  test('with a quote that never closes is refused with its line', () => {
    expect(() => parseCsv('a.csv', 'a,b\n1,"x\n')).toThrow(
      expect.objectContaining({
        message: 'a.csv:2: a quoted field opens here and never closes',
        fix: expect.stringContaining('close the quote'),
      }),
    )
  })
})

describe('JSON', () => {
  test('gives lists of objects as tables, with the line of each value', () => {
    const text =
      '{"parts": [\n{"name": "Pump", "size": {"value": 5.0, "unit": "A"}},\n{"name": "Fan",\n"to": ["A", "B"]}]}'
    const [table] = parseDocument({ path: 'a.json', text }).tables
    expect(table?.headers).toEqual(['name', 'size', 'to'])
    expect(table?.section?.title).toBe('parts')
    expect(table?.rows.map(({ cells }) => cells)).toEqual([
      [
        { text: 'Pump', line: 2 },
        { text: '5.0 A', line: 2 },
        { text: '', line: 2 },
      ],
      [
        { text: 'Fan', line: 3 },
        { text: '', line: 3 },
        { text: 'A, B', line: 4 },
      ],
    ])
  })

  test('gives objects keyed by name as rows, and nameless objects as parameters', () => {
    expect(rows('a.json', '{"rails": {"5V": {"max_ma": 1}, "3V3": {"max_ma": 2}}, "mass": "3 kg"}')).toEqual([
      {
        headers: ['name', 'max_ma'],
        rows: [
          [1, '5V', '1'],
          [1, '3V3', '2'],
        ],
      },
      { headers: ['parameter', 'value'], rows: [[1, 'mass', '3 kg']] },
    ])
  })

  test.each([
    ['{"a": 1,\n}', 'a.json:2: this is not valid JSON: Property name expected'],
    ['{"a":\n1} x', 'a.json:2: this is not valid JSON: Invalid symbol at "x"'],
    ["{'a': 1}", 'a.json:1: this is not valid JSON: Invalid symbol'],
    ['[1 // one\n]', 'a.json:1: this is not valid JSON: Invalid comment token'],
    ['[\n'.repeat(100_000), 'a.json:1: this JSON is nested too deeply'],
  ])('that is none is refused with its line: %.12s', (text, message) => {
    expect(() => parseDocument({ path: 'a.json', text })).toThrow(message)
  })
})

describe('Markdown and text', () => {
  test('give sections, pipe tables and sentences with their lines; code and comments are left out', () => {
    const text = [
      '---',
      'title: x',
      '---',
      '# One #',
      '',
      'First sentence. Second',
      'one goes on.',
      '',
      '| a | b \\| c |',
      '|:--|--:|',
      '| `1` | **2** |',
      '',
      '```',
      'code. | x |',
      '```',
      '<!-- hidden. -->',
      '',
      'Two',
      '---',
      '',
      '- item one',
      '- item [two](http://x)',
    ].join('\n')
    const { sections, statements, tables } = parseDocument({ path: 'a.md', text })
    expect(sections.map(({ title, level, line }) => [title, level, line])).toEqual([
      ['One', 1, 4],
      ['Two', 2, 18],
    ])
    expect(statements.map(({ text: said, line }) => [line, said])).toEqual([
      [6, 'First sentence.'],
      [6, 'Second one goes on.'],
      [21, 'item one'],
      [22, 'item two'],
    ])
    expect(tables[0]).toMatchObject({
      headers: ['a', 'b | c'],
      line: 9,
      rows: [{ line: 11, cells: [{ text: '1' }, { text: '2' }] }],
    })
  })

  test('plain text has numbered and capital headings', () => {
    const { sections } = parseDocument({ path: 'a.txt', text: 'PUMP DATA\n\n1.2 Power supply\n\nThe pump.' })
    expect(sections.map(({ title, level }) => [title, level])).toEqual([
      ['PUMP DATA', 2],
      ['Power supply', 3],
    ])
  })
})
