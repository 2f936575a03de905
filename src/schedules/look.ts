import { inBatches } from '../base/batches.ts'
import { parseDurationMs } from '../base/duration.ts'
import { scheduleMessages } from '../contract/names.ts'
import type { ScheduleView } from '../contract/schedules/view.ts'
import { ifThere, isOpen } from '../executions/index.ts'
import { createScheduleState, type ScheduleSpec, viewSchedule } from '../schedule/plan/index.ts'
import { nextTicks } from '../schedule/times/index.ts'
import { ask, type Keeper, startOfKeeper } from './keeper.ts'
import type { SchedulesContext } from './options.ts'
import { warningsOf } from './warnings.ts'

/** How many of the next times are shown. */
export const shownTimes = 5

/** Runs that are looked at at once. */
const looksAtOnce = 16

const unanswered =
  'no worker answers, so nothing of it is decided, and this may be old; is one running? (`jobwright worker`, `jobwright dev`)'

/**
 * Where a schedule stands, with its next times and what is amiss.
 * @param isAnswered false: that no worker is there is known already
 */
export async function lookAt(
  context: SchedulesContext,
  keeper: Keeper,
  { isAnswered = true } = {},
): Promise<ScheduleView> {
  const own = isAnswered ? await ask<ScheduleView>(context, keeper.handle, scheduleMessages.view) : undefined
  return completed(context, keeper, own ?? (await lastKnown(context, keeper)), own !== undefined)
}

/** What a keeper says of itself, with what needs times and a look at others. */
export async function completed(
  context: SchedulesContext,
  keeper: Pick<Keeper, 'id' | 'scope'>,
  own: ScheduleView,
  isAnswered = true,
): Promise<ScheduleView> {
  const spec = specOf(own)
  const [open_runs, found] = await Promise.all([
    stillOpen(context, own.open_runs),
    warningsOf(context, keeper, { view: own, spec, isAnswered }),
  ])
  return {
    ...own,
    open_runs,
    next_at: own.paused ? [] : nextTimes(spec, own.name),
    warnings: [...own.warnings, ...(isAnswered ? [] : [unanswered]), ...found],
  }
}

/** A keeper looks for the ends of its runs when it has something to decide. */
export async function stillOpen({ client }: SchedulesContext, runs: readonly string[]): Promise<string[]> {
  const found = await inBatches(runs, looksAtOnce, (run) =>
    ifThere(client.workflow.getHandle(run).describe()),
  )
  return runs.filter((_, index) => isOpen(found[index]?.status ?? { name: 'UNKNOWN' }))
}

/** As its present execution was started: a keeper goes on as a new one after each edit. */
async function lastKnown(context: SchedulesContext, keeper: Keeper): Promise<ScheduleView> {
  const { definition, state, paused } = await startOfKeeper(context, keeper)
  const sinceMs = keeper.description.startTime.getTime()
  const fresh = createScheduleState(sinceMs)
  return viewSchedule(definition, state ?? { ...fresh, pause: paused ? { origin: 'file', sinceMs } : null })
}

/** The next nominal times after a moment, as ISO 8601. */
export function nextTimes(
  spec: ScheduleSpec,
  name: string,
  afterMs = Date.now(),
  count = shownTimes,
): string[] {
  return nextTicks(spec, name, afterMs, count).map(({ nominalMs }) => new Date(nominalMs).toISOString())
}

/** What a view says of when a schedule is due. */
export function specOf(view: ScheduleView): ScheduleSpec {
  const { cron, every, timezone, dst, jitter, until } = view
  return {
    ...(cron === null ? {} : { cron }),
    ...(every === null ? {} : { everyMs: parseDurationMs(every) ?? 0 }),
    timezone,
    dst: dst as ScheduleSpec['dst'],
    jitterMs: jitter === null ? 0 : (parseDurationMs(jitter) ?? 0),
    untilMs: until === null ? null : Date.parse(until),
  }
}
