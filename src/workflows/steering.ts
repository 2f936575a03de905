import { ApplicationFailure, proxyActivities } from '@temporalio/workflow'
import type { PipelineActivities } from '../activities/index.ts'
import { type ItemState, type PlanStep, stepState } from '../pipeline/plan/index.ts'
import type { OwnJob, SeenRun } from '../protocol/index.ts'
import type { Execution } from './execution.ts'
import type { SteerAnswer, SteerRequest } from './messages.ts'

/** Where a step, or an item of one, is found among what waits for a person. */
export function parkedKey(step: string, item: number | null): string {
  return `${step}/${item ?? '-'}`
}

/** Shown to whoever asked; says nothing that they may not know. */
function refusal(code: string, message: string): ApplicationFailure {
  return ApplicationFailure.nonRetryable(message, code)
}

function itemOf({ schedule, state, plan }: Execution, { step: id, item }: SteerRequest): ItemState {
  const step: PlanStep | undefined = plan.steps.find((each) => each.id === id)
  if (!step)
    throw refusal(
      'unknown_step',
      `there is no step ${id}; this pipeline has ${plan.steps.map((each) => each.id).join(', ')}`,
    )
  const { items = [] } = stepState(state, schedule.step(id).id)
  if (step.forEach && item === null)
    throw refusal('item_missing', `step ${id} has ${items.length} items; say which, from 0`)
  if (!step.forEach && item !== null) throw refusal('no_items', `step ${id} has no items`)
  const found = items[item ?? 0]
  if (!found)
    throw refusal(
      'unknown_item',
      items.length === 0 ? `step ${id} has not begun` : `step ${id} has items 0 to ${items.length - 1}`,
    )
  return found
}

/** True when this was done before: asked twice, it is done once. */
function isDoneAlready(item: ItemState, { verb, jobRunId }: SteerRequest): boolean {
  const { trigger } = item
  if (verb === 'adopt')
    return jobRunId !== undefined && (trigger?.run?.jobRunId ?? item.jobRunId) === jobRunId
  if (verb === 'fail') return trigger?.phase === 'abandoned' || item.error?.code === 'trigger_unknown'
  return trigger !== undefined && trigger.posts > 0 && ['post', 'posting', 'settle'].includes(trigger.phase)
}

/** Refuses what does not fit, before anything of it is in the history. @throws ApplicationFailure */
export function checkSteering(execution: Execution, request: SteerRequest): void {
  const item = itemOf(execution, request)
  if (request.verb === 'adopt' && !request.jobRunId)
    throw refusal('job_run_missing', "say which job run is the step's")
  if (isDoneAlready(item, request) || execution.parked.has(parkedKey(request.step, request.item))) return
  throw refusal(
    'trigger_known',
    `step ${request.step} is ${item.status}${item.jobRunId ? ` with job run ${item.jobRunId}` : ''}: only a step whose trigger is unknown can be told to ${request.verb}`,
  )
}

/** Does what a person decided of a trigger whose outcome is not known. @throws ApplicationFailure */
export async function steer(execution: Execution, request: SteerRequest): Promise<SteerAnswer> {
  const item = itemOf(execution, request)
  const answer = { step: request.step, item: request.item, verb: request.verb }
  if (isDoneAlready(item, request)) return answer
  const adopted =
    request.verb === 'adopt' ? await confirmed(execution, item, request.jobRunId ?? '') : undefined
  const decide = execution.parked.get(parkedKey(request.step, request.item))
  if (!decide) {
    // It went on while the run was looked at.
    if (isDoneAlready(item, request)) return answer
    throw refusal('trigger_known', `step ${request.step} is ${item.status} by now`)
  }
  if (adopted) decide({ kind: 'adopt', run: adopted })
  else decide({ kind: request.verb === 'trigger' ? 'trigger_again' : 'give_up' })
  return answer
}

async function confirmed(execution: Execution, item: ItemState, jobRunId: string): Promise<SeenRun> {
  const job: OwnJob | null = item.trigger?.job ?? null
  if (!job) throw refusal('trigger_known', 'the step has no job yet')
  const { confirmJobRun } = proxyActivities<PipelineActivities>({
    startToCloseTimeout: '30 seconds',
    heartbeatTimeout: execution.timing.stepHeartbeatMs,
    retry: { maximumAttempts: 3 },
  })
  try {
    return await confirmJobRun({ connection: execution.plan.connection, job, jobRunId })
  } catch (error) {
    const cause = error instanceof Error ? error.cause : undefined
    if (cause instanceof ApplicationFailure) throw refusal(cause.type ?? 'unconfirmed', cause.message)
    throw error
  }
}
