import {
  ActivityFailure,
  ApplicationFailure,
  CancellationScope,
  condition,
  isCancellation,
  proxyActivities,
} from '@temporalio/workflow'
import type { PipelineActivities } from '../activities/index.ts'
import { type ItemState, isDone, isNested, stepState } from '../pipeline/plan/index.ts'
import type { SeenRun } from '../protocol/index.ts'
import type { TriggerDecision } from '../remote-run/index.ts'
import { type Execution, parkedKey } from './execution.ts'
import type { SteerAnswer, SteerRequest } from './messages.ts'
import { isTaken } from './surroundings.ts'

/** An execution that has just begun takes its steps up again first. */
const takenUpMs = 10_000

/** Shown to whoever asked; says nothing that they may not know. */
function refusal(code: string, message: string): ApplicationFailure {
  return ApplicationFailure.nonRetryable(message, code)
}

function itemOf({ schedule, state, plan }: Execution, request: SteerRequest): ItemState {
  const { step: id, item } = request
  if (!plan.steps.some((each) => each.id === id))
    throw refusal(
      'unknown_step',
      `there is no step ${id}; this pipeline has ${plan.steps.map((each) => each.id).join(', ')}`,
    )
  const step = schedule.step(id)
  const { items = [], status } = stepState(state, id)
  if (isNested(step)) {
    const runs = items.flatMap(({ jobRunId }) => jobRunId ?? [])
    const which =
      runs.length === 0 ? '' : `: tell ${runs.length === 1 ? runs[0] : 'the one that it is about'}`
    throw refusal('nested_run', `step ${id} runs a pipeline, which has steps of its own${which}`)
  }
  if (!step.forEach && item !== null) throw refusal('no_items', `step ${id} has no items`)
  if (items.length === 0) throw refusal('trigger_known', `step ${id} is ${status}: it has no job run yet`)
  if (step.forEach && item === null)
    throw refusal('item_missing', `step ${id} has ${items.length} items; say which, from 0`)
  const found = items[item ?? 0]
  if (!found) throw refusal('unknown_item', `step ${id} has items 0 to ${items.length - 1}, not ${item}`)
  return found
}

/** A person is asked, or will be as soon as this execution has taken the item up again. */
function isAsked({ status, trigger }: ItemState): boolean {
  return trigger?.phase === 'parked' && status !== 'cancelling' && !isDone(status)
}

/** True when this was done before: asked twice, it is done once. */
function isDoneAlready(item: ItemState, { verb, jobRunId }: SteerRequest): boolean {
  if (verb !== 'adopt') return item.decided === verb
  return (
    item.jobRunId === jobRunId ||
    item.trigger?.run?.jobRunId === jobRunId ||
    item.earlier?.some(({ job_run_id }) => job_run_id === jobRunId) === true
  )
}

function nameOf({ step, item }: SteerRequest): string {
  return item === null ? `step ${step}` : `step ${step}[${item}]`
}

function notAsked(item: ItemState, request: SteerRequest): ApplicationFailure {
  const { status, trigger, jobRunId } = item
  if (trigger?.phase === 'settle')
    return refusal(
      'trigger_unsettled',
      `${nameOf(request)} is being looked for on the server; if no job run shows up it becomes trigger_unknown, and then it is yours to decide`,
    )
  const run = jobRunId === null ? '' : ` with job run ${jobRunId}`
  return refusal(
    'trigger_known',
    `${nameOf(request)} is ${status}${run}: only a step that is trigger_unknown can be told to ${request.verb}`,
  )
}

/** Refuses what does not fit, before anything of it is in the history. @throws ApplicationFailure */
export function checkSteering(execution: Execution, request: SteerRequest): void {
  const item = itemOf(execution, request)
  if (request.verb === 'adopt' && !request.jobRunId)
    throw refusal('job_run_missing', "say which job run is the step's")
  if (!isAsked(item)) {
    if (isDoneAlready(item, request)) return
    throw notAsked(item, request)
  }
  if (request.verb === 'adopt' && isTaken(execution, item, request.jobRunId ?? ''))
    throw refusal(
      'run_taken',
      `job run ${request.jobRunId} belongs to another step, or to an earlier generation`,
    )
}

/**
 * Does what a person decided of a trigger whose outcome is not known, and answers when the step goes on by it: whoever looks then
 * sees it so. @throws ApplicationFailure
 */
export async function steer(execution: Execution, request: SteerRequest): Promise<SteerAnswer> {
  const item = itemOf(execution, request)
  const { verb, step, item: index } = request
  if (isAsked(item)) {
    const decision: TriggerDecision =
      verb === 'adopt'
        ? { kind: 'adopt', run: await confirmed(execution, item, request) }
        : { kind: verb === 'trigger' ? 'trigger_again' : 'give_up' }
    await decide(execution, item, parkedKey(step, index), decision)
  }
  // Another one may have decided first, a run may have shown up by itself, or a cancel come.
  if (!isDoneAlready(item, request)) throw notAsked(item, request)
  if (verb === 'adopt' && item.decided === undefined) item.decided = verb
  return { verb, step, item: index }
}

/** Until the step goes on, whoever decided: a question that was asked anew meanwhile is answered, too. */
async function decide(
  execution: Execution,
  item: ItemState,
  key: string,
  decision: TriggerDecision,
): Promise<void> {
  const { parked } = execution
  const isOpen = () => isAsked(item) && execution.fatal === undefined
  await CancellationScope.nonCancellable(async () => {
    while (isOpen()) {
      if (!parked.has(key) && !(await condition(() => parked.has(key) || !isOpen(), takenUpMs)))
        throw refusal('not_taken_up', 'the step is not taken up again yet; nothing was decided')
      const answer = parked.get(key)
      answer?.(decision)
      await condition(() => parked.get(key) !== answer || !isOpen())
    }
  })
}

/** The run that is to be adopted, as the server shows it. */
async function confirmed(
  { plan, timing }: Execution,
  item: ItemState,
  { jobRunId = '' }: SteerRequest,
): Promise<SeenRun> {
  const job = item.trigger?.job
  if (!job) throw refusal('trigger_known', 'the step has no job yet')
  const { confirmJobRun } = proxyActivities<PipelineActivities>({
    startToCloseTimeout: '10 seconds',
    heartbeatTimeout: timing.stepHeartbeatMs,
    cancellationType: 'TRY_CANCEL',
    retry: { initialInterval: 500, maximumAttempts: 3 },
  })
  try {
    return await confirmJobRun({ connection: plan.connection, job, jobRunId })
  } catch (error) {
    if (isCancellation(error)) throw refusal('trigger_known', 'the pipeline run is being cancelled')
    if (!(error instanceof ActivityFailure)) throw error
    const { cause } = error
    if (cause instanceof ApplicationFailure && cause.nonRetryable) {
      const isUnknown = cause.type === 'http_404' || cause.type === 'unknown_job_run'
      if (isUnknown) throw refusal('unknown_job_run', `the server knows no job run ${jobRunId}`)
      throw refusal(cause.type ?? 'not_confirmed', cause.message)
    }
    throw refusal(
      'job_run_unconfirmed',
      `job run ${jobRunId} could not be looked at, and nothing was decided: ${cause?.message ?? error.message}`,
    )
  }
}
