import { JobwrightError } from '../../base/errors.ts'
import { suggest } from '../../base/suggest.ts'

/** A time zone, by the runtime's own time zone data. It remembers what it looked up. */
export interface Zone {
  name: string
  /** Local time minus UTC. */
  offsetMs(atMs: number): number
  /** When the offset changes, in order, `fromMs` counted and `untilMs` not. */
  transitionsBetween(fromMs: number, untilMs: number): Transition[]
}

/** The first instant of another offset. */
export interface Transition {
  atMs: number
  beforeMs: number
  afterMs: number
}

const hourMs = 3_600_000
/** No zone has ever changed its offset twice within it. */
const probeMs = 12 * hourMs
/** What is looked up at once. */
const chunkMs = 64 * 24 * hourMs

/**
 * @param name an IANA name, such as `Europe/Berlin`
 * @throws JobwrightError `unknown_timezone` with the nearest name
 */
export function zoneOf(name: string): Zone {
  const format = formatOf(name)
  const offsetMs = (atMs: number): number => parseOffset(format.format(atMs))
  const chunks = new Map<number, Transition[]>()
  const chunk = (index: number): Transition[] => {
    const known = chunks.get(index)
    if (known) return known
    const found = findTransitions(offsetMs, index * chunkMs, (index + 1) * chunkMs)
    chunks.set(index, found)
    return found
  }
  const transitionsBetween = (fromMs: number, untilMs: number): Transition[] => {
    const found: Transition[] = []
    for (let index = Math.floor(fromMs / chunkMs); index * chunkMs < untilMs; index += 1) {
      for (const one of chunk(index)) if (one.atMs >= fromMs && one.atMs < untilMs) found.push(one)
    }
    return found
  }
  return { name, offsetMs, transitionsBetween }
}

/** Whether there is a zone of this name. */
export function isZone(name: string): boolean {
  try {
    return zoneOf(name).name === name
  } catch (error) {
    if (error instanceof JobwrightError) return false
    throw error
  }
}

function formatOf(name: string): Intl.DateTimeFormat {
  try {
    if (/^[+-]/.test(name)) throw new RangeError('an offset')
    return new Intl.DateTimeFormat('en-US', { timeZone: name, timeZoneName: 'longOffset' })
  } catch {
    throw new JobwrightError({
      code: 'unknown_timezone',
      fault: 'usage',
      message: `\`${name}\` is no time zone`,
      fix: zoneFix(name),
    })
  }
}

function zoneFix(name: string): string {
  const offset = /^(?:UTC|GMT)?([+-])(\d{1,2})(?::?00)?$/i.exec(name)
  // Those names count westward.
  if (offset)
    return `name a place, such as \`Europe/Berlin\`, or write \`Etc/GMT${offset[1] === '+' ? '-' : '+'}${Number(offset[2])}\``
  const known = [...Intl.supportedValuesOf('timeZone'), 'UTC']
  const place = name.replaceAll(' ', '_').toLowerCase()
  const sameCity = known.find((one) => one.toLowerCase().split('/').at(-1) === place)
  if (sameCity) return `did you mean \`${sameCity}\`?`
  const near = suggest(name, known)
  return near.startsWith('did you mean')
    ? near
    : 'IANA names are known, such as `Europe/Berlin`, `America/New_York` or `UTC`'
}

/** From `3/29/2026, GMT+02:00`; `GMT` alone is UTC. */
function parseOffset(text: string): number {
  const found = /GMT(?:([+-])(\d\d):(\d\d)(?::(\d\d))?)?$/.exec(text)
  if (!found) throw new Error(`an offset that cannot be read: ${text}`)
  const [, sign, hours = 0, minutes = 0, seconds = 0] = found
  const ms = (Number(hours) * 3600 + Number(minutes) * 60 + Number(seconds)) * 1000
  return sign === undefined || sign === '+' ? ms : -ms
}

function findTransitions(offsetMs: (atMs: number) => number, fromMs: number, untilMs: number): Transition[] {
  const found: Transition[] = []
  // From just before it: a change at the very beginning is this chunk's.
  let startMs = fromMs - 1000
  let beforeMs = offsetMs(startMs)
  for (let endMs = fromMs - 1000 + probeMs; startMs < untilMs - 1000; endMs += probeMs) {
    const end = Math.min(endMs, untilMs - 1000)
    const afterMs = offsetMs(end)
    if (afterMs !== beforeMs) found.push({ atMs: firstOther(offsetMs, startMs, end), beforeMs, afterMs })
    startMs = end
    beforeMs = afterMs
  }
  return found
}

/** Offsets change at whole seconds. */
function firstOther(offsetMs: (atMs: number) => number, startMs: number, endMs: number): number {
  const before = offsetMs(startMs)
  let same = startMs / 1000
  let other = endMs / 1000
  while (other - same > 1) {
    const middle = Math.floor((same + other) / 2)
    if (offsetMs(middle * 1000) === before) same = middle
    else other = middle
  }
  return other * 1000
}
