import { isOpen } from '../../executions/index.ts'
import type { PipelineRunView as RunOwnView } from '../../pipeline/plan/index.ts'
import type { RunsAccess } from '../access.ts'
import { type FoundRun, findRun } from '../find.ts'
import { closedView, openView, queryRun, unanswered } from '../show.ts'
import { ownedView, type PipelineRunView } from '../view.ts'
import type { Known, News } from './ear.ts'

/** What a look has shown, and what the next one goes by. */
export interface Looked {
  found: FoundRun
  /** What the run last said of itself. */
  own: RunOwnView | undefined
  view: PipelineRunView
  isUnanswered: boolean
  isOver: boolean
}

/** Why it is looked, and how closely. */
export interface Reason {
  news: News
  asksWorker: boolean
  /** What came in the history after that was neither heard of nor seen. */
  known: Known | undefined
}

/**
 * Looks at a run with as few calls as tell what is new: one query when its history said that something is; otherwise how it stands
 * with Temporal, and a query where that may have changed what it says.
 * @throws PipelineRunNotFoundError
 */
export async function look(
  context: RunsAccess,
  id: string,
  before: Looked | undefined,
  { news, asksWorker, known }: Reason,
): Promise<Looked> {
  const isInTrouble = before !== undefined && before.view.warnings.length > (before.own?.warnings.length ?? 0)
  if (before && news === 'new' && !isInTrouble) {
    const own = await queryRun(context, before.found)
    if (own) return said(before.found, own, ownedView(own, before.found.description))
  }
  const found = await findRun(context, id, 'any')
  const { status, runId, historyLength } = found.description
  if (!isOpen(status))
    return {
      found,
      own: undefined,
      view: await closedView(context, found),
      isUnanswered: false,
      isOver: true,
    }
  const isUnheard = known?.runId !== runId || known.eventId < historyLength
  const own =
    news !== 'none' || asksWorker || isUnheard || !before?.own ? await queryRun(context, found) : before.own
  if (own) return said(found, own, openView(own, found.description))
  // What it said last is more than nothing.
  const view = before?.own
    ? unanswered(ownedView(before.own, found.description))
    : openView(undefined, found.description)
  return { found, own: before?.own, view, isUnanswered: true, isOver: false }
}

/** A run that has noted its end says all that there is to say, a moment before it is closed. */
function said(found: FoundRun, own: RunOwnView, view: PipelineRunView): Looked {
  return { found, own, view, isUnanswered: false, isOver: own.finished_at !== null }
}
