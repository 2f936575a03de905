import { pause } from '../../base/abort.ts'
import { JobwrightError } from '../../base/errors.ts'
import { fromTemporal } from '../../temporal/index.ts'
import type { RunsAccess } from '../access.ts'
import type { Ear } from './ear.ts'
import { type Bookmark, readOn } from './history.ts'
import type { Places } from './places.ts'

const retryMs = 1_000

/**
 * Listens to the history of a run from an event on, execution after execution, until one is over that no other follows. Goes on
 * through outages.
 */
export async function listen(
  context: Pick<RunsAccess, 'client'>,
  places: Places,
  run: { id: string; runId: string; seenEventId: number },
  ear: Ear,
  signal: AbortSignal,
): Promise<void> {
  if (!(await places.take(signal))) return
  try {
    let bookmark: Bookmark | undefined = { runId: run.runId }
    let seenEventId = run.seenEventId
    while (bookmark && !signal.aborted) {
      const { runId }: Bookmark = bookmark
      try {
        const news = await readOn(context.client, run.id, bookmark, signal)
        ear.noteListening(true)
        const { lastEventId = 0 } = news
        // What a look has shown already is read past.
        if (lastEventId > seenEventId) {
          ear.noteKnown({ runId, eventId: lastEventId })
          if (news.hasWorked) ear.noteNews('new')
        }
        seenEventId = news.next?.runId === runId ? Math.max(seenEventId, lastEventId) : 0
        bookmark = news.next
      } catch (error) {
        // Looks go on meanwhile, and tell what is more than an outage. A token that was refused is not used again.
        ear.noteListening(false)
        const failure = fromTemporal(error)
        if (!(failure instanceof JobwrightError && failure.fault === 'unreachable')) bookmark = { runId }
        await pause(retryMs, signal)
      }
    }
    ear.noteNews('over')
  } finally {
    ear.noteListening(false)
    places.giveBack()
  }
}
