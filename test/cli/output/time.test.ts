import { expect, test } from 'vitest'
import { formatTime, parseSince } from '../../../src/cli/output/time.ts'

test('a time is told with its zone; without one it is UTC', () => {
  const shown = formatTime('2026-01-02T12:00:00.123Z') ?? ''
  expect(shown).toMatch(/^\d{4}-\d\d-\d\d \d\d:\d\d:\d\d(Z|[+-]\d\d:\d\d)$/)
  expect(Date.parse(shown.replace(' ', 'T'))).toBe(Date.parse('2026-01-02T12:00:00Z'))
  expect(formatTime('2026-01-02T12:00:00')).toBe(shown)
  expect(formatTime('soon')).toBe('soon')
  expect(formatTime(null)).toBeNull()
})

test('since takes what people say', () => {
  const now = Date.parse('2026-01-02T12:00:00Z')
  expect(parseSince('2h', now).toISOString()).toBe('2026-01-02T10:00:00.000Z')
  expect(parseSince('2026-01-01', now).toISOString()).toBe('2026-01-01T00:00:00.000Z')
  expect(parseSince('2026-01-01T08:00:00+01:00', now).toISOString()).toBe('2026-01-01T07:00:00.000Z')
  for (const wrong of ['yesterday', '2026-13-01', '2026', '', '-1h', '2026-01-01T08:00:00'])
    expect(() => parseSince(wrong, now)).toThrow(`--since ${wrong}: not a time`)
})
