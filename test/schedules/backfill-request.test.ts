import { describe, expect, it } from 'vitest'
import type { ScheduleSpec } from '../../src/schedule/plan/index.ts'
import { requestBackfill, timeOf } from '../../src/schedules/backfill-request.ts'
import type { BackfillOptions } from '../../src/schedules/index.ts'

const spec: ScheduleSpec = {
  cron: '30 2 * * *',
  timezone: 'Europe/Berlin',
  dst: { gap: 'next', fold: 'first' },
  jitterMs: 0,
  untilMs: null,
}
const now = Date.parse('2026-05-01T12:00:00Z')
const request = (options: BackfillOptions, own: Partial<ScheduleSpec> = {}) =>
  requestBackfill({ name: 'nightly', spec: { ...spec, ...own } }, options, now)

it('goes through the times of the range, days and times of the clock being those of the schedule', () => {
  const { request: asked, ticks } = request({ from: '2026-03-28', until: '2026-03-31T02:30' })
  expect(asked).toEqual({
    fromMs: Date.parse('2026-03-27T23:00:00Z'),
    untilMs: Date.parse('2026-03-31T00:30:00Z'),
    only: 'missing',
    order: 'oldest',
    maxActive: 1,
  })
  // The time of the end is outside; that of the 29th does not exist, and is the next that does.
  expect(ticks.map(({ nominalMs }) => new Date(nominalMs).toISOString())).toEqual([
    '2026-03-28T01:30:00.000Z',
    '2026-03-29T01:00:00.000Z',
    '2026-03-30T00:30:00.000Z',
  ])
  expect(request({ from: new Date(now - 86_400_000) }).request.untilMs).toBe(now)
})

it('reads what people write', () => {
  const read = (text: string) => new Date(timeOf(text, 'Europe/Berlin')).toISOString()
  expect(read('2026-07-01')).toBe('2026-06-30T22:00:00.000Z')
  // A time that does not exist, and one that comes twice.
  expect(read('2026-03-29T02:30')).toBe('2026-03-29T01:00:00.000Z')
  expect(read('2026-10-25T02:30:00')).toBe('2026-10-25T00:30:00.000Z')
  expect(read('2026-07-01T02:30Z')).toBe('2026-07-01T02:30:00.000Z')
  for (const wrong of [
    '',
    'yesterday',
    '2026-13-01',
    '2026-02-30',
    '2026-04-13T25:00',
    '1780000000',
    '2026-07-01 02:30',
  ])
    expect(() => read(wrong), wrong).toThrow(expect.objectContaining({ code: 'bad_time' }))
})

describe('refuses', () => {
  it.each<[string, BackfillOptions, string]>([
    ['empty_range', { from: '2026-04-02', until: '2026-04-02' }, 'is empty'],
    ['empty_range', { from: '2026-04-03', until: '2026-04-02' }, 'is empty'],
    ['future_range', { from: '2026-06-01' }, 'future'],
    ['future_range', { from: '2026-04-01', until: '2026-05-02' }, 'future'],
    ['no_ticks', { from: '2026-04-02T03:00', until: '2026-04-02T04:00' }, 'has no time'],
    ['bad_max_active', { from: '2026-04-02', maxActive: 0 }, '0 runs'],
    ['bad_max_active', { from: '2026-04-02', maxActive: 101 }, '101 runs'],
    ['bad_max_active', { from: '2026-04-02', maxActive: 1.5 }, '1.5 runs'],
  ])('%s', (code, options, message) => {
    expect(() => request(options)).toThrow(
      expect.objectContaining({ code, fault: 'usage', message: expect.stringContaining(message) }),
    )
  })

  it('more than ten thousand times unless they are meant, and too many in any case', () => {
    const minutely = { cron: '* * * * *', timezone: 'UTC' }
    const days = (count: number) => ({ from: new Date(now - count * 86_400_000), until: new Date(now) })
    expect(request(days(6), minutely).ticks).toHaveLength(8_640)
    expect(() => request(days(8), minutely)).toThrow(
      expect.objectContaining({
        code: 'too_many_ticks',
        message: expect.stringContaining('11,520 times'),
        fix: expect.stringContaining('--yes'),
      }),
    )
    expect(request({ ...days(8), isConfirmed: true }, minutely).ticks).toHaveLength(11_520)
    expect(() => request({ ...days(100), isConfirmed: true }, minutely)).toThrow(/more than 100,000/)
  })
})
