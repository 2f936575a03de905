import { expect, test } from 'vitest'
import { nextTimeOfDay } from '../../../src/activities/notify/next-time-of-day.ts'

const next = (by: string, timezone: string, from: string) =>
  new Date(nextTimeOfDay({ by, timezone, fromMs: Date.parse(from) })).toISOString()

test.each([
  ['the same day', '06:00', 'Europe/Berlin', '2026-04-13T00:30:00Z', '2026-04-13T04:00:00.000Z'],
  [
    'the day after, from that very minute on',
    '06:00',
    'UTC',
    '2026-04-13T06:00:00Z',
    '2026-04-14T06:00:00.000Z',
  ],
  ['half an hour off', '06:00', 'Asia/Kolkata', '2026-04-13T00:00:30Z', '2026-04-13T00:30:00.000Z'],
  [
    'where the clocks are put forward over it',
    '02:30',
    'Europe/Berlin',
    '2026-03-28T23:00:00Z',
    '2026-03-29T01:00:00.000Z',
  ],
  ['the first of two', '02:30', 'Europe/Berlin', '2026-10-24T22:00:00Z', '2026-10-25T00:30:00.000Z'],
  [
    'at midnight, where there is none',
    '00:00',
    'Africa/Cairo',
    '2026-04-23T12:00:00Z',
    '2026-04-23T22:00:00.000Z',
  ],
  ['a day of 25 hours', '23:59', 'Europe/Berlin', '2026-10-24T22:00:00Z', '2026-10-25T22:59:00.000Z'],
])('the next time of day is %s', (_, by, timezone, from, at) => {
  expect(next(by, timezone, from)).toBe(at)
})
