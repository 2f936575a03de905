import { expect, test } from 'vitest'
import { terminalOf } from '../../src/cli/terminal.ts'
import { terminalHints } from '../../src/config.ts'

const screen = { isTTY: true, columns: 80, rows: 24, hasColors: () => true }
const look = (stream: Parameters<typeof terminalOf>[0], env: Record<string, string> = {}) => {
  const { columns, rows, ...rest } = terminalOf(stream, terminalHints(env))
  return { ...rest, columns: columns(), rows: rows() }
}

test('a terminal is drawn over, in colors, within its size', () => {
  expect(look(screen)).toEqual({ isTty: true, canRedraw: true, color: true, columns: 80, rows: 24 })
})

test('one that does not know its size gets whole lines', () => {
  const unknown = { isTty: true, canRedraw: false, color: true, columns: undefined, rows: undefined }
  expect(look({ ...screen, columns: 0, rows: 0 })).toEqual(unknown)
})

test('a pipe gets neither', () => {
  const nothing = { isTty: false, canRedraw: false, color: false, columns: undefined, rows: undefined }
  expect(look({})).toEqual(nothing)
})

test.each([
  [{ TERM: 'dumb' }, { canRedraw: false, color: false }],
  [{ CI: 'true' }, { canRedraw: false, color: true }],
  [{ CI: 'false' }, { canRedraw: true, color: true }],
  [{ NO_COLOR: '1' }, { canRedraw: true, color: false }],
  [{ NO_COLOR: '' }, { canRedraw: true, color: true }],
  [{ FORCE_COLOR: '0' }, { canRedraw: true, color: false }],
  [
    { FORCE_COLOR: '1', TERM: 'dumb' },
    { canRedraw: false, color: true },
  ],
])('%j', (env, expected) => expect(look(screen, env as Record<string, string>)).toMatchObject(expected))

test('colors can be asked of a pipe', () => {
  expect(look({}, { FORCE_COLOR: '1', NO_COLOR: '1' })).toMatchObject({ color: true, canRedraw: false })
})
