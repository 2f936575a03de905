import { expect, test } from 'vitest'
import { workerLimits } from '../../../src/contract/index.ts'
import { reportHash, toLogRows } from '../../../src/server/store/log-lines.ts'

const line = (message: string, at = '2026-04-13T10:10:00.123456') => ({ at, level: 'info' as const, message })

test('a run keeps so many log lines, and the last one says that the rest is dropped', () => {
  const report = { attempt: 1, lines: [line('one'), line('two'), line('three')] }
  const messages = (present: number) => toLogRows(report, present).map(({ message }) => message)
  expect(messages(0)).toEqual(['one', 'two', 'three'])
  expect(messages(workerLimits.logLines - 4)).toEqual(['one', 'two', 'three'])
  expect(messages(workerLimits.logLines - 2)).toEqual(['one', expect.stringContaining('dropped')])
  expect(messages(workerLimits.logLines)).toEqual([])
})

test('a log line is made storable, whatever it holds', () => {
  const [nul, long] = toLogRows(
    {
      attempt: 1,
      lines: [line('a\0b\ud800'), line('x'.repeat(workerLimits.logLineCharacters + 1))],
    },
    0,
  )
  expect(nul).toEqual({ level: 'info', message: 'a\ufffdb\ufffd', at: '2026-04-13T10:10:00.123456Z' })
  expect(long?.message).toHaveLength(workerLimits.logLineCharacters)
})

test('reports differ by their attempt, times, levels and messages', () => {
  const report = { attempt: 1, lines: [line('one')] }
  expect(reportHash(report)).toBe(reportHash(structuredClone(report)))
  const others = [
    { ...report, attempt: 2 },
    { ...report, lines: [line('two')] },
    { ...report, lines: [line('one', '2026-04-13T10:10:00.123457')] },
    { ...report, lines: [{ ...line('one'), level: 'warn' as const }] },
    { ...report, lines: [] },
  ]
  expect(new Set([report, ...others].map(reportHash)).size).toBe(6)
})
