import {
  ActivityFailure,
  ApplicationFailure,
  CancellationScope,
  condition,
  defineQuery,
  defineUpdate,
  isCancellation,
  setHandler,
} from '@temporalio/workflow'
import { runJobNames } from '../contract/names.ts'
import { type ItemState, isDone, type PipelineRunView, type SteerVerb } from '../pipeline/plan/index.ts'
import type { SeenRun } from '../protocol/index.ts'
import { activitiesOf, type TriggerDecision } from '../remote-run/index.ts'
import { type Ledger, type OwnRun, viewOf } from './ledger.ts'
import { othersOn } from './surroundings.ts'

/** A person's word on a run whose trigger is unknown, as pipeline runs take it. */
export interface SteerRequest {
  verb: SteerVerb
  step: string
  /** The how-manieth call of the step, from 0; null where there is one only. */
  item: number | null
  /** What is adopted. */
  jobRunId?: string
}

export type SteerAnswer = Pick<SteerRequest, 'verb' | 'step' | 'item'>

/** Lets people see the runs of this workflow, and say what became of a trigger. */
export function answerPeople(ledger: Ledger): void {
  setHandler(defineQuery<PipelineRunView>(runJobNames.progress), () => viewOf(ledger))
  setHandler(
    defineUpdate<SteerAnswer, [SteerRequest]>(runJobNames.steer),
    (request) => steer(ledger, request),
    { validator: (request) => checkSteering(ledger, request) },
  )
}

function refusal(code: string, message: string): ApplicationFailure {
  return ApplicationFailure.nonRetryable(message, code)
}

function runOf({ runs }: Ledger, { step, item }: SteerRequest): OwnRun {
  const own = runs.filter((run) => run.call.step === step)
  const [first, ...others] = own
  if (!first) {
    const names = [...new Set(runs.map(({ call }) => call.step))]
    throw refusal('unknown_step', `there is no step ${step}; this workflow has ${names.join(', ')}`)
  }
  if (item === null && others.length > 0)
    throw refusal('item_missing', `step ${step} was run ${own.length} times; say which, from 0`)
  const found = own[item ?? 0]
  if (!found) throw refusal('unknown_item', `step ${step} has runs 0 to ${own.length - 1}, not ${item}`)
  return found
}

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

function notAsked(
  { status, trigger, jobRunId }: ItemState,
  { step, verb }: SteerRequest,
): ApplicationFailure {
  if (trigger?.phase === 'settle')
    return refusal(
      'trigger_unsettled',
      `step ${step} is being looked for on the server; if no job run shows up it becomes trigger_unknown, and then it is yours to decide`,
    )
  const run = jobRunId === null ? '' : ` with job run ${jobRunId}`
  return refusal(
    'trigger_known',
    `step ${step} is ${status}${run}: only one that is trigger_unknown can be told to ${verb}`,
  )
}

/** Refuses what does not fit, before anything of it is in the history. @throws ApplicationFailure */
export function checkSteering(ledger: Ledger, request: SteerRequest): void {
  const { item } = runOf(ledger, request)
  const { verb, jobRunId = '' } = request
  if (verb === 'adopt' && jobRunId === '') throw refusal('job_run_missing', "say which job run is the step's")
  if (!isAsked(item)) {
    if (isDoneAlready(item, request)) return
    throw notAsked(item, request)
  }
  if (verb === 'adopt' && othersOn(ledger, item, item.jobId ?? '').taken.has(jobRunId))
    throw refusal('run_taken', `job run ${jobRunId} belongs to another step, or to an earlier generation`)
}

/** Does what a person decided, and answers when the run goes on by it. @throws ApplicationFailure */
export async function steer(ledger: Ledger, request: SteerRequest): Promise<SteerAnswer> {
  const own = runOf(ledger, request)
  const { item } = own
  const { verb, step, item: index } = request
  if (isAsked(item)) {
    const decision: TriggerDecision =
      verb === 'adopt'
        ? { kind: 'adopt', run: await confirmed(own, request) }
        : { kind: verb === 'trigger' ? 'trigger_again' : 'give_up' }
    const answer = ledger.parked.get(item)
    answer?.(decision)
    await CancellationScope.nonCancellable(() =>
      condition(() => ledger.parked.get(item) !== answer || !isAsked(item)),
    )
  }
  // Another one may have decided first, a run may have shown up by itself, or a cancel come.
  if (!isDoneAlready(item, request)) throw notAsked(item, request)
  if (verb === 'adopt' && item.decided === undefined) item.decided = verb
  return { verb, step, item: index }
}

/** The run that is to be adopted, as the server shows it. */
async function confirmed({ item, call }: OwnRun, { jobRunId = '' }: SteerRequest): Promise<SeenRun> {
  const job = item.trigger?.job
  if (!job) throw refusal('trigger_known', 'the step has no job yet')
  const { confirmJobRun } = activitiesOf(runJobNames, {
    startToCloseTimeout: '10 seconds',
    heartbeatTimeout: '5 seconds',
    cancellationType: 'TRY_CANCEL',
    retry: { initialInterval: 500, maximumAttempts: 3 },
  })
  try {
    return await confirmJobRun({ connection: call.connection, job, jobRunId })
  } catch (error) {
    if (isCancellation(error)) throw refusal('trigger_known', 'the workflow is being cancelled')
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
