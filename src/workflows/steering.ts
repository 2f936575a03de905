import { CancellationScope, condition } from '@temporalio/workflow'
import {
  type ItemState,
  isAsked,
  isDecidedSo,
  isNested,
  type SteerAnswer,
  type SteerRequest,
  stepState,
  whyNotAsked,
} from '../pipeline/plan/index.ts'
import { confirmAdopted, refusal, type TriggerDecision } from '../remote-run/index.ts'
import { type Execution, parkedKey } from './execution.ts'
import { othersOn } from './surroundings.ts'

/** An execution that has just begun takes its steps up again first. */
const takenUpMs = 10_000

const shownNames = 20

function namesOf({ steps }: Execution['plan']): string {
  const names = steps.slice(0, shownNames).map(({ id }) => id)
  return `${names.join(', ')}${steps.length > shownNames ? `, … (${steps.length} in all)` : ''}`
}

function itemOf({ schedule, state, plan }: Execution, request: SteerRequest): ItemState {
  const { step: id, item } = request
  if (!plan.steps.some((each) => each.id === id))
    throw refusal('unknown_step', `there is no step ${id}; this pipeline has ${namesOf(plan)}`)
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

/** Refuses what does not fit, before anything of it is in the history. @throws ApplicationFailure */
export function checkSteering(execution: Execution, request: SteerRequest): void {
  const item = itemOf(execution, request)
  if (request.verb === 'adopt' && !request.jobRunId)
    throw refusal('job_run_missing', "say which job run is the step's")
  if (!isAsked(item)) {
    if (isDecidedSo(item, request)) return
    throw notAsked(item, request)
  }
  if (
    request.verb === 'adopt' &&
    othersOn(execution, item, item.jobId ?? '').taken.has(request.jobRunId ?? '')
  )
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
  if (!isDecidedSo(item, request)) throw notAsked(item, request)
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

function confirmed({ plan, timing }: Execution, item: ItemState, request: SteerRequest) {
  return confirmAdopted({ connection: plan.connection, timing }, item, request, 'pipeline run')
}

function notAsked(item: ItemState, request: SteerRequest) {
  const { code, message } = whyNotAsked(item, request)
  return refusal(code, message)
}
