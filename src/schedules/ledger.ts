import { type WorkflowHandle, WorkflowNotFoundError } from '@temporalio/client'
import { JobwrightError } from '../base/errors.ts'
import { scheduleMessages } from '../contract/names.ts'
import type { TickRow } from '../contract/schedules/view.ts'
import { readStart } from '../executions/index.ts'
import { countOf, expand, type LedgerEntry, nominalsOf } from '../schedule/plan/index.ts'
import { requireRange } from '../schedule/simulation/index.ts'
import { ticksBetween } from '../schedule/times/index.ts'
import type { KeepScheduleInput, LedgerPage } from '../workflows/schedule-messages.ts'
import { noWorker } from './errors.ts'
import { ask, findKeeper, isKept, isNotFound, type Keeper, lookForKeeper, update } from './keeper.ts'
import { type SchedulesContext, scopeOf } from './options.ts'
import type { ReadLedger } from './types.ts'

/** More rows are no answer: they would have to be held at once. */
const mostRows = 100_000

/**
 * What became of each nominal time in a range: the present execution of the keeper is asked, then the starts of those before it are
 * read, each of which has a page, until Temporal remembers none.
 * @throws ScheduleNotFoundError, JobwrightError `empty_range`, `too_many_ticks`, `no_worker`
 */
export async function readLedger(
  context: SchedulesContext,
  name: string,
  { from, until, outcomes }: ReadLedger,
): Promise<TickRow[]> {
  requireRange(from, until)
  const range = {
    fromMs: from?.getTime() ?? Number.NEGATIVE_INFINITY,
    untilMs: until?.getTime() ?? Number.POSITIVE_INFINITY,
  }
  const keeper = await upToDate(context, name)
  const pages: LedgerEntry[][] = []
  let amount = 0
  for await (const page of pagesBack(context, keeper)) {
    const entries = page.filter((entry) => isWithin(entry, range))
    amount += countOf(entries)
    if (amount > mostRows) throw tooMany()
    pages.push(entries)
    // A time is never decided before it comes, so that all before are earlier.
    const first = page[0]
    if (first && first.decidedAtMs < range.fromMs) break
  }
  const rows = expand(name, pages.reverse().flat(), range)
  return outcomes === undefined ? rows : rows.filter(({ outcome }) => outcomes.includes(outcome))
}

function tooMany(): JobwrightError {
  return new JobwrightError({
    code: 'too_many_ticks',
    fault: 'usage',
    message: `there are more than ${mostRows.toLocaleString('en')} times in the range`,
    fix: 'give a shorter one, by its `from` and `until`',
  })
}

/** A schedule that is paused is woken by nobody else. Where nothing was due since, reading leaves nothing in its history. */
async function upToDate(context: SchedulesContext, name: string): Promise<Keeper> {
  const scope = await scopeOf(context)
  const keeper = await findKeeper(context, scope, name, 'any')
  if (!isKept(keeper)) return keeper
  const page = await ask<LedgerPage>(context, handleOf(context, keeper), scheduleMessages.ledger)
  if (page && ticksBetween(page.spec, name, page.takenUntilMs + 1, Date.now(), 1).length === 0) return keeper
  await update(context, keeper, { verb: 'ledger', name: scheduleMessages.refresh })
  return (await lookForKeeper(context, scope, name)) ?? keeper
}

/** Of this very execution, although it may go on as another one meanwhile. */
function handleOf({ client }: SchedulesContext, { id, description }: Keeper): WorkflowHandle {
  return client.workflow.getHandle(id, description.runId)
}

/** What was decided, newest page first. */
async function* pagesBack(context: SchedulesContext, keeper: Keeper): AsyncGenerator<LedgerEntry[]> {
  const { id, name, description } = keeper
  const startOf = (runId: string) => readStart<KeepScheduleInput>(context.client, { workflowId: id, runId })
  let last: string | undefined = description.runId
  // Of the keeper as it is, then of the one before it that was ended or deleted, and so on.
  while (last !== undefined) {
    const handle: WorkflowHandle = context.client.workflow.getHandle(id, last)
    const page: LedgerPage | undefined = await forgotten(
      ask<LedgerPage>(context, handle, scheduleMessages.ledger),
    )
    if (!page && last === description.runId) throw noWorker(`\`ledger\` of schedule ${name}`)
    if (!page) return
    yield page.entries
    yield page.previousPage
    let execution = (await forgotten(startOf(last)))?.earlier
    while (execution !== undefined) {
      const start = await forgotten(startOf(execution))
      if (!start) return
      yield start.argument.previousPage ?? []
      execution = start.earlier
    }
    last = page.earlierExecution
  }
}

/** undefined of an execution that Temporal remembers no more. */
async function forgotten<T>(reading: Promise<T | undefined>): Promise<T | undefined> {
  try {
    return await reading
  } catch (error) {
    if (error instanceof WorkflowNotFoundError || isNotFound(error)) return undefined
    throw error
  }
}

function isWithin(entry: LedgerEntry, { fromMs, untilMs }: { fromMs: number; untilMs: number }): boolean {
  if (entry.more === undefined) return entry.nominalMs >= fromMs && entry.nominalMs < untilMs
  return nominalsOf(entry).some((atMs) => atMs >= fromMs && atMs < untilMs)
}
