import { parseDurationMs } from '../../base/duration.ts'
import { instantMs } from '../../base/instant.ts'
import { usageError } from '../errors.ts'
import { escapeControl } from './text.ts'

/**
 * A time that a server gave, as it is on this machine, with its zone: `2026-01-02 13:00:00+01:00`, or `…Z`. One that says
 * no zone is UTC, as the Jobs API has it. What is no time stays as it is.
 */
export function formatTime(time: string | null | undefined): string | null {
  if (time === null || time === undefined) return null
  const ms = instantMs(time)
  if (Number.isNaN(ms)) return time
  const minutes = -new Date(ms).getTimezoneOffset()
  const local = new Date(ms + minutes * 60_000).toISOString().slice(0, 19).replace('T', ' ')
  return local + zoneOf(minutes)
}

function zoneOf(minutes: number): string {
  if (minutes === 0) return 'Z'
  const two = (value: number) => String(value).padStart(2, '0')
  const ahead = Math.abs(minutes)
  return `${minutes < 0 ? '-' : '+'}${two(Math.floor(ahead / 60))}:${two(ahead % 60)}`
}

/**
 * `--since`: how long ago (`2h`), a day (`2026-04-13`, which begins in UTC as in the Jobs API), or a time of RFC 3339.
 * @throws JobwrightError `bad_time`
 */
export function parseSince(text: string, now: number, option = '--since'): Date {
  return parseTime(text, option, (durationMs) => now - durationMs)
}

/** As `parseSince`, but a duration lies ahead. @throws JobwrightError `bad_time` */
export function parseAhead(text: string, now: number, option: string): Date {
  return parseTime(text, option, (durationMs) => now + durationMs)
}

function parseTime(text: string, option: string, distance: (durationMs: number) => number): Date {
  const durationMs = parseDurationMs(text)
  const isTime = /^\d{4}-\d\d-\d\d(T\d\d:\d\d(:\d\d(\.\d+)?)?(Z|[+-]\d\d:\d\d))?$/i.test(text)
  const ms = durationMs === undefined ? (isTime ? Date.parse(text) : Number.NaN) : distance(durationMs)
  if (!Number.isNaN(ms)) return new Date(ms)
  throw usageError(
    'bad_time',
    `${option} ${escapeControl(text)}: not a time`,
    'for example 2h, 7d, 2026-04-13 or 2026-04-13T08:00:00Z',
  )
}
