import { ScheduleNotFoundError } from '@temporalio/client'
import { scheduleMessages, searchAttributes, workflowTypes } from '../contract/names.ts'
import type { ScheduleView } from '../contract/schedules/view.ts'
import { memoOf } from '../pipelines/view.ts'
import { isPausedByHand, type ScheduleSpec, type ScheduleState } from '../schedule/plan/index.ts'
import { nextTicks } from '../schedule/times/index.ts'
import { isUnknownSearchAttribute } from '../temporal/index.ts'
import { ask, type Keeper } from './keeper.ts'
import type { SchedulesContext } from './options.ts'

/** So many of the last runs tell how long one takes. */
const lastRuns = 10
/** Fewer tell nothing. */
const fewestRuns = 3

interface Seen {
  view: ScheduleView
  spec: ScheduleSpec
  /** By its keeper, and not known from its start. */
  isAnswered: boolean
}

/** What keeps a schedule from doing what one would expect of it, a sentence each. */
export async function warningsOf(
  context: SchedulesContext,
  keeper: Pick<Keeper, 'id' | 'scope'>,
  seen: Seen,
): Promise<string[]> {
  const found = await Promise.all([clockWarning(context, keeper, seen), lengthWarning(context, keeper, seen)])
  return [...found, missedWarning(seen.view)].filter((warning) => warning !== undefined)
}

/**
 * Temporal's schedule wakes the keeper; anybody may change it. It is written after the keeper answered: a pause that was decided to be
 * over may still stand there.
 */
async function clockWarning(
  context: SchedulesContext,
  { id }: Pick<Keeper, 'id'>,
  { view, isAnswered }: Seen,
): Promise<string | undefined> {
  const { client } = context
  const clock = client.schedule.getHandle(id)
  const isAmiss = async () => isPausedByHand((await clock.describe()).state)
  try {
    if (view.paused || !(await isAmiss())) return undefined
    if (isAnswered) {
      const handle = client.workflow.getHandle(id)
      const state = await ask<ScheduleState>(context, handle, scheduleMessages.state)
      if (state?.clock.isResuming) return undefined
      // It may have been written between the two looks.
      if (state && !(await isAmiss())) return undefined
    }
    return `its schedule in Temporal was paused by hand: nothing is due until \`jobwright schedule resume ${view.name}\``
  } catch (error) {
    if (!(error instanceof ScheduleNotFoundError)) throw error
    return 'its schedule in Temporal is gone, so that it is never due: apply it again'
  }
}

async function lengthWarning(
  context: SchedulesContext,
  { scope }: Pick<Keeper, 'scope'>,
  { view, spec }: Seen,
): Promise<string | undefined> {
  const gapMs = shortestGap(spec, view.name)
  if (gapMs === undefined) return undefined
  const took = await lengthsOfRuns(context, scope.workspace, view.name)
  const medianMs = median(took)
  if (medianMs === undefined || medianMs <= gapMs) return undefined
  return `its runs take longer than there is time between two of them: the median of the last ${took.length} is ${inWords(medianMs)}, the shortest time between is ${inWords(gapMs)} (overlap: ${view.overlap})`
}

function shortestGap(spec: ScheduleSpec, name: string): number | undefined {
  if (spec.everyMs !== undefined) return spec.everyMs
  const times = nextTicks(spec, name, Date.now(), 20).map(({ nominalMs }) => nominalMs)
  const gaps = times.slice(1).map((at, index) => at - (times[index] ?? at))
  return gaps.length === 0 ? undefined : Math.min(...gaps)
}

/** How long the last runs that completed took. */
async function lengthsOfRuns(
  { client }: SchedulesContext,
  workspace: string | undefined,
  name: string,
): Promise<number[]> {
  const query = [
    `WorkflowType = '${workflowTypes.runPipeline}'`,
    "ExecutionStatus = 'Completed'",
    `${searchAttributes.schedule} = '${name}'`,
  ].join(' AND ')
  const took: number[] = []
  try {
    for await (const info of client.workflow.list({ query, pageSize: lastRuns })) {
      const memo = memoOf(info)
      if (memo.workspace !== workspace || info.closeTime === undefined) continue
      took.push(info.closeTime.getTime() - (memo.startedAtMs ?? info.startTime.getTime()))
      if (took.length >= lastRuns) break
    }
  } catch (error) {
    // An older namespace: then this is not known.
    if (!isUnknownSearchAttribute(error)) throw error
  }
  return took
}

function median(values: readonly number[]): number | undefined {
  if (values.length < fewestRuns) return undefined
  return values.toSorted((a, b) => a - b)[Math.floor(values.length / 2)]
}

function missedWarning({ name, last }: ScheduleView): string | undefined {
  if (last?.outcome !== 'missed') return undefined
  const why =
    last.reason === 'outage'
      ? 'nobody was there to decide it: no worker ran, or Temporal was away'
      : 'a later one was made up for in its place'
  return `its last time, ${last.nominal_at}, was missed: ${why}; \`jobwright schedule ledger ${name}\` has them all`
}

function inWords(ms: number): string {
  const minutes = Math.floor(ms / 60_000)
  if (minutes < 1) return `${Math.round(ms / 1000)}s`
  if (minutes < 60) return `${minutes}m${two(Math.round(ms / 1000) % 60)}s`
  return `${Math.floor(minutes / 60)}h${two(minutes % 60)}m`
}

const two = (value: number) => String(value).padStart(2, '0')
