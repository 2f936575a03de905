import type { TriggerState } from '../../protocol/index.ts'
import type { ItemState } from './state.ts'
import { isDone, move, type SteerVerb } from './transitions.ts'
import type { PlanStep, StepError } from './types.ts'

/** A person's word on a step whose trigger is unknown. */
export interface SteerRequest {
  verb: SteerVerb
  step: string
  /** 0-based; null for a step without items. */
  item: number | null
  /** What is adopted. */
  jobRunId?: string
}

export type SteerAnswer = Pick<SteerRequest, 'verb' | 'step' | 'item'>

/** Other steps, items and generations of a pipeline run on one job. */
export interface OthersOnJob {
  /** Their job runs, as far as they are known. */
  taken: ReadonlySet<string>
  /** One of them may have a job run there that is not known yet, with the same config perhaps. */
  isContested: boolean
}

/** @param items all of the pipeline run, earlier generations included */
export function othersOnJob(items: Iterable<ItemState>, own: ItemState, jobId: string): OthersOnJob {
  const taken = new Set<string>()
  let isContested = false
  for (const item of items) {
    for (const { job_run_id } of item.earlier ?? []) if (job_run_id) taken.add(job_run_id)
    if (item === own || item.jobId !== jobId) continue
    for (const id of [item.jobRunId, item.trigger?.run?.jobRunId]) if (id) taken.add(id)
    isContested ||= item.trigger !== undefined && mayYetHaveRun(item.trigger)
  }
  return { taken, isContested }
}

function mayYetHaveRun({ phase, unsettled }: TriggerState): boolean {
  return unsettled > 0 || !['adopted', 'refused', 'abandoned'].includes(phase)
}

/** Notes how far the trigger of the generation is. */
export function noteTrigger(item: ItemState, state: TriggerState): void {
  item.trigger = state
  item.jobId = state.job?.jobId ?? item.jobId
}

/** Notes that a person is asked what became of the trigger. */
export function noteParked(item: ItemState, state: TriggerState, nowMs: number): void {
  item.parkedAtMs ??= nowMs
  move(item, 'lost_trigger')
  item.trigger = state
}

/** Notes that the trigger goes on, whoever decided. */
export function noteUnparked(item: ItemState, nowMs: number): void {
  endPause(item, nowMs)
  // Only a person sends again, or gives up; a run may also have shown up by itself.
  if (item.trigger?.phase === 'post') item.decided = 'trigger'
  if (item.trigger?.phase === 'abandoned') item.decided = 'fail'
  if (item.status === 'trigger_unknown') move(item, 'began')
}

/** A person may take a day: the step's time is that of its job run. */
export function endPause(item: ItemState, nowMs: number): void {
  if (item.generationStartedAtMs !== null && item.parkedAtMs !== undefined)
    item.generationStartedAtMs += nowMs - item.parkedAtMs
  delete item.parkedAtMs
}

/** What is left of the time of a generation that began then; undefined: no bound. Time in which a person is asked does not count. */
export function timeLeftMs(
  { timeoutMs }: Pick<PlanStep, 'timeoutMs'>,
  { parkedAtMs, generationStartedAtMs }: ItemState,
  { startedAtMs, nowMs }: { startedAtMs: number; nowMs: number },
): number | undefined {
  if (timeoutMs === undefined) return undefined
  return timeoutMs - ((parkedAtMs ?? nowMs) - (generationStartedAtMs ?? startedAtMs))
}

/** A person is asked, or will be as soon as the workflow has taken the item up again. */
export function isAsked({ status, trigger }: ItemState): boolean {
  return trigger?.phase === 'parked' && status !== 'cancelling' && !isDone(status)
}

/** True when this was done before: asked twice, it is done once. */
export function isDecidedSo(item: ItemState, { verb, jobRunId }: SteerRequest): boolean {
  if (verb !== 'adopt') return item.decided === verb
  return (
    item.jobRunId === jobRunId ||
    item.trigger?.run?.jobRunId === jobRunId ||
    item.earlier?.some(({ job_run_id }) => job_run_id === jobRunId) === true
  )
}

/** Why nothing can be decided of an item that nobody is asked about. */
export function whyNotAsked(
  { status, trigger, jobRunId }: ItemState,
  { step, item, verb }: SteerRequest,
): StepError {
  const name = item === null ? `step ${step}` : `step ${step}[${item}]`
  if (trigger?.phase === 'settle')
    return {
      code: 'trigger_unsettled',
      message: `${name} is being looked for on the server; if no job run shows up it becomes trigger_unknown, and then it is yours to decide`,
    }
  const run = jobRunId === null ? '' : ` with job run ${jobRunId}`
  return {
    code: 'trigger_known',
    message: `${name} is ${status}${run}: only a step that is trigger_unknown can be told to ${verb}`,
  }
}
