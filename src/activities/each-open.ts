import { setTimeout as pause } from 'node:timers/promises'
import { eachOf } from './each-of.ts'

/** How long what was just started may be missing from Temporal's lists. */
const lagMs = 3_000
/** What was there for longer than this was in the first list. */
const recentMs = 60_000

export interface EachOpen<T> {
  /** Temporal's, by a list filter. */
  list(query: string): AsyncIterable<T>
  /** Of those that are meant, open or not. */
  which: string
  idOf(one: T): string
  atOnce: number
}

/**
 * Does `work` once for each that is open. A worker may have died with something that no list shows yet: what was started just now is
 * looked for twice.
 */
export async function eachOpen<T>(
  { list, which, idOf, atOnce }: EachOpen<T>,
  work: (id: string) => Promise<void>,
): Promise<void> {
  const begunAtMs = Date.now()
  const seen = new Set<string>()
  const once = async (one: T) => {
    const id = idOf(one)
    if (seen.has(id)) return
    seen.add(id)
    await work(id)
  }
  const open = `${which} AND ExecutionStatus = 'Running'`
  await eachOf(list(open), atOnce, once)
  await pause(Math.max(0, begunAtMs + lagMs - Date.now()))
  const since = new Date(begunAtMs - recentMs).toISOString()
  await eachOf(list(`${open} AND StartTime >= '${since}'`), atOnce, once)
}
