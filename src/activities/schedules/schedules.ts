import { ApplicationFailure } from '@temporalio/activity'
import { inBatches } from '../../base/batches.ts'
import { scheduleTag } from '../../schedule/ids.ts'
import { temporalSpec, ticksBetween } from '../../schedule/times/index.ts'
import { ownExecution } from '../own-execution.ts'
import type {
  DueTicks,
  EarlierKeeper,
  ReadDueTicksInput,
  ReadEarlierKeeperInput,
  Schedules,
  StartScheduledRunInput,
  StartScheduledRunResult,
  SyncScheduleInput,
  SyncScheduleResult,
} from './types.ts'

/** Ticks that are read at once: they are recorded. */
const ticksAtOnce = 1_000
/** Runs that are looked at at once. */
const looksAtOnce = 10

/** The ticks of a stretch of time, and which runs are over. */
export async function readDueTicks(schedules: Schedules, input: ReadDueTicksInput): Promise<DueTicks> {
  const { spec, name, fromMs, untilMs, coveredFromMs, runs } = input
  const ticks = untilMs > fromMs ? ticksBetween(spec, name, fromMs + 1, untilMs + 1, ticksAtOnce) : []
  const last = ticks.at(-1)
  const isPartial = ticks.length === ticksAtOnce && last !== undefined && last.nominalMs < untilMs
  const isUncovered = ticks.some(({ nominalMs }) => coveredFromMs === null || nominalMs < coveredFromMs)
  return {
    ticks,
    untilMs: isPartial ? last.nominalMs : Math.max(fromMs, untilMs),
    isPartial,
    closed: await closedOf(schedules, runs),
    isHandPaused: isUncovered && (await schedules.isHandPaused(keeperId())),
  }
}

/** Those of the runs that are over. */
async function closedOf(schedules: Schedules, runs: readonly string[]): Promise<string[]> {
  const over = await inBatches(runs, looksAtOnce, (run) => schedules.isOver(run))
  return runs.filter((_, index) => over[index])
}

/** Nothing is held while all are open: this fails, and is tried again. Also a run that was closed from outside is found so. */
export async function awaitRunsOver(schedules: Schedules, { runs }: { runs: string[] }): Promise<string[]> {
  const closed = await closedOf(schedules, runs)
  if (closed.length > 0) return closed
  throw ApplicationFailure.retryable('the runs are not over yet', 'not_over')
}

/** Starts the run of a tick, or finds that it was started. The plan comes from the keeper's argument: a history has it once. */
export async function startScheduledRun(
  schedules: Schedules,
  { runId, nominalMs, kind, inputs, keeper }: StartScheduledRunInput,
): Promise<StartScheduledRunResult> {
  const argument = await schedules.argumentOf(keeper === undefined ? ownExecution() : { workflowId: keeper })
  const { name, resolvedInputs } = argument.definition
  const scheduled = { schedule: name, nominalMs, kind }
  return { began: await schedules.start({ runId, scheduled, inputs: inputs ?? resolvedInputs, argument }) }
}

/** Writes Temporal's schedule as the keeper's is: the same again changes nothing. */
export async function syncSchedule(
  schedules: Schedules,
  { spec, name, workspace, isPaused, isResuming }: SyncScheduleInput,
): Promise<SyncScheduleResult> {
  const nowMs = Date.now()
  const { spec: written, coversUntilMs } = temporalSpec(spec, nowMs)
  const isHandPaused = await schedules.write(keeperId(), { spec: written, isPaused, isResuming })
  const isEndless = coversUntilMs === Number.MAX_SAFE_INTEGER
  return {
    tag: scheduleTag({ name, ...(workspace === undefined ? {} : { workspace }) }),
    renewAtMs: isEndless ? null : nowMs + (coversUntilMs - nowMs) / 2,
    isHandPaused,
  }
}

/** What the keeper before the one that asks left. */
export function readEarlierKeeper(
  schedules: Schedules,
  { runId }: ReadEarlierKeeperInput = {},
): Promise<EarlierKeeper | null> {
  return schedules.earlierKeeper(ownExecution(), runId)
}

/** Temporal's schedule is not there any more. */
export async function removeSchedule(schedules: Schedules): Promise<void> {
  await schedules.remove(keeperId())
}

/** Asks it to stop; one that is over is left as it is. */
export async function cancelScheduledRun(schedules: Schedules, { runId }: { runId: string }): Promise<void> {
  await schedules.cancel(runId)
}

const keeperId = () => ownExecution().workflowId
