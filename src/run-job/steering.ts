import { CancellationScope, condition, defineQuery, defineUpdate, setHandler } from '@temporalio/workflow'
import { runJobNames } from '../contract/names.ts'
import {
  type ItemState,
  isAsked,
  isDecidedSo,
  type PipelineRunView,
  type SteerAnswer,
  type SteerRequest,
  whyNotAsked,
} from '../pipeline/plan/index.ts'
import { confirmAdopted, refusal, type TriggerDecision } from '../remote-run/index.ts'
import { type Ledger, type OwnRun, viewOf } from './ledger.ts'
import { othersOn } from './surroundings.ts'
import { timing } from './timing.ts'

/** Lets people see the runs of this workflow, and say what became of a trigger. */
export function answerPeople(ledger: Ledger): void {
  setHandler(defineQuery<PipelineRunView>(runJobNames.progress), () => viewOf(ledger))
  setHandler(
    defineUpdate<SteerAnswer, [SteerRequest]>(runJobNames.steer),
    (request) => steer(ledger, request),
    { validator: (request) => checkSteering(ledger, request) },
  )
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

/** Refuses what does not fit, before anything of it is in the history. @throws ApplicationFailure */
export function checkSteering(ledger: Ledger, request: SteerRequest): void {
  const { item } = runOf(ledger, request)
  const { verb, jobRunId = '' } = request
  if (verb === 'adopt' && jobRunId === '') throw refusal('job_run_missing', "say which job run is the step's")
  if (!isAsked(item)) {
    if (isDecidedSo(item, request)) return
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
  if (!isDecidedSo(item, request)) throw notAsked(item, request)
  if (verb === 'adopt' && item.decided === undefined) item.decided = verb
  return { verb, step, item: index }
}

function confirmed({ item, call: { connection } }: OwnRun, request: SteerRequest) {
  const { activityPrefix } = runJobNames
  return confirmAdopted({ connection, activityPrefix, timing }, item, request, 'workflow')
}

function notAsked(item: ItemState, request: SteerRequest) {
  const { code, message } = whyNotAsked(item, request)
  return refusal(code, message)
}
