import type { Zone } from './zones.ts'

/** Which instants a local time is, written as if it were UTC. */
export interface WallClock {
  read(localMs: number): WallClockReading
}

export interface WallClockReading {
  /** In order; none where the clock was put forward over it, several where it was put back. */
  instants: number[]
  /** Where there is none: the first instant after the gap, and the one that is as long after it as the time is in it. */
  gap?: { endsAtMs: number; shiftedMs: number }
}

const dayMs = 86_400_000
/** Wider than any offset. */
const marginMs = 2 * dayMs

interface Segment {
  fromMs: number
  untilMs: number
  offsetMs: number
}

/** It is quick for times in order. */
export function wallClock(zone: Zone): WallClock {
  let day = Number.NaN
  let segments: Segment[] = []
  const read = (localMs: number): WallClockReading => {
    const thisDay = Math.floor(localMs / dayMs)
    if (thisDay !== day) {
      day = thisDay
      segments = segmentsBetween(zone, day * dayMs - marginMs, (day + 1) * dayMs + marginMs)
    }
    const instants: number[] = []
    for (const { fromMs, untilMs, offsetMs } of segments) {
      const instant = localMs - offsetMs
      if (instant >= fromMs && instant < untilMs) instants.push(instant)
    }
    return instants.length > 0 ? { instants } : { instants, gap: gapAround(segments, localMs) }
  }
  return { read }
}

function segmentsBetween(zone: Zone, fromMs: number, untilMs: number): Segment[] {
  const transitions = zone.transitionsBetween(fromMs, untilMs)
  let start = {
    fromMs: Number.NEGATIVE_INFINITY,
    offsetMs: transitions[0]?.beforeMs ?? zone.offsetMs(fromMs),
  }
  const found: Segment[] = []
  for (const { atMs, afterMs } of transitions) {
    found.push({ ...start, untilMs: atMs })
    start = { fromMs: atMs, offsetMs: afterMs }
  }
  return [...found, { ...start, untilMs: Number.POSITIVE_INFINITY }]
}

function gapAround(segments: readonly Segment[], localMs: number): { endsAtMs: number; shiftedMs: number } {
  for (const [index, next] of segments.entries()) {
    const previous = segments[index - 1]
    if (previous && localMs - next.offsetMs < next.fromMs && localMs - previous.offsetMs >= next.fromMs)
      return { endsAtMs: next.fromMs, shiftedMs: localMs - previous.offsetMs }
  }
  throw new Error(`no gap around ${localMs}`)
}
