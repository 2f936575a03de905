import { randomUUID } from 'node:crypto'
import {
  ApplicationFailure,
  isGrpcServiceError,
  ServiceError,
  WorkflowNotFoundError,
  WorkflowUpdateFailedError,
  type WorkflowUpdateHandle,
  WorkflowUpdateRPCTimeoutOrCancelledError,
  WorkflowUpdateStage,
} from '@temporalio/client'
import { type Fault, JobwrightError } from '../base/errors.ts'
import { isOpen } from '../executions/index.ts'
import type { SteerAnswer, SteerRequest, SteerVerb } from '../pipeline/plan/index.ts'
import { type FoundRun, findRun } from './find.ts'
import type { PipelinesContext } from './options.ts'
import { showRun } from './show.ts'

/** Which step of a run is meant. */
export interface SteeredStep {
  step: string
  /** 0-based, of a step with `for_each`. */
  item?: number | undefined
}

/** Which job run is to be a step's. */
export interface AdoptedStep extends SteeredStep {
  jobRunId: string
}

/** What was done, now or when it was asked for before. */
export interface SteerResult {
  /** Of the pipeline run. */
  id: string
  step: string
  /** null for a step without items. */
  item: number | null
  verb: SteerVerb
}

/** Of a request that is over when the run went on meanwhile: as Temporal's SDK calls it. */
const overtaken = 'AcceptedUpdateCompletedWorkflow'
/** A run may go on as a new execution between a look at it and the request. */
const mostTries = 5

/**
 * Tells a step of unknown trigger what a person decided. Asked again, it is done once and answered the same.
 * @throws PipelineRunNotFoundError, JobwrightError with the code of the refusal, `run_over`, `not_accepted`, `not_finished`
 */
export async function steerRun(
  context: PipelinesContext,
  id: string,
  request: SteerRequest,
): Promise<SteerResult> {
  const updateId = randomUUID()
  for (let tries = 1; ; tries += 1) {
    const found = await findRun(context, id, 'any')
    if (!isOpen(found.description.status)) return resultOfOver(context, id, request)
    try {
      const { verb, step, item } = await decided(context, found, updateId, request)
      return { id, step, item, verb }
    } catch (error) {
      if (!isOvertaken(error) || tries >= mostTries) throw error
    }
  }
}

/** The execution that was asked is over: the run may be, or go on as another one. */
function isOvertaken(error: unknown): boolean {
  if (error instanceof WorkflowNotFoundError) return true
  const cause = error instanceof WorkflowUpdateFailedError ? error.cause : undefined
  return cause instanceof ApplicationFailure && cause.type === overtaken
}

async function decided(
  context: PipelinesContext,
  { handle, names }: FoundRun,
  updateId: string,
  request: SteerRequest,
): Promise<SteerAnswer> {
  const { client, acceptTimeoutMs, decisionTimeoutMs } = context
  let update: WorkflowUpdateHandle<SteerAnswer>
  try {
    update = await client.withDeadline(Date.now() + acceptTimeoutMs, () =>
      handle.startUpdate<SteerAnswer, [SteerRequest]>(names.steer, {
        args: [request],
        updateId,
        waitForStage: WorkflowUpdateStage.ACCEPTED,
      }),
    )
  } catch (error) {
    throw isTimeout(error) ? notAccepted(request, error) : asRefusal(error, request)
  }
  try {
    return await client.withDeadline(Date.now() + decisionTimeoutMs, () => update.result())
  } catch (error) {
    throw isTimeout(error) ? notFinished(request, error) : asRefusal(error, request)
  }
}

/** Nobody answered in time, or Temporal went away before it did: UNAVAILABLE. */
function isTimeout(error: unknown): boolean {
  return error instanceof WorkflowUpdateRPCTimeoutOrCancelledError || isUnavailable(error)
}

function isUnavailable(error: unknown): boolean {
  const cause = error instanceof ServiceError ? error.cause : undefined
  return isGrpcServiceError(cause) && cause.code === 14
}

const usageCodes: readonly string[] = [
  'unknown_step',
  'unknown_item',
  'item_missing',
  'no_items',
  'job_run_missing',
]

/** The workflow's own no, with its code. */
function asRefusal(error: unknown, request: SteerRequest): unknown {
  if (!(error instanceof WorkflowUpdateFailedError) || isOvertaken(error)) return error
  const { cause } = error
  const code = (cause instanceof ApplicationFailure && cause.type) || 'not_steerable'
  const message = cause?.message ?? error.message
  const fault: Fault =
    code === 'job_run_unconfirmed' || code === 'not_taken_up'
      ? 'unreachable'
      : usageCodes.includes(code)
        ? 'usage'
        : 'refused'
  return new JobwrightError({ code, fault, message, fix: fixOf(code, request), cause: error })
}

function fixOf(code: string, { step }: SteerRequest): string | undefined {
  switch (code) {
    case 'item_missing':
      return `for example --item 0, or ${step}[0]`
    case 'unknown_job_run':
    case 'run_of_another_job':
      return "`jobwright show` has the step's job, and the job runs that may be its own"
    case 'job_run_unconfirmed':
    case 'not_taken_up':
      return 'ask again: what was done already is not done twice'
    default:
      return undefined
  }
}

function notAccepted({ verb, step }: SteerRequest, cause: unknown): JobwrightError {
  if (isUnavailable(cause))
    return new JobwrightError({
      code: 'temporal_failed',
      fault: 'unreachable',
      message: `Temporal went away: whether \`${verb}\` of step ${step} was accepted is not known`,
      fix: 'ask again when it is back: it is done once',
      cause,
    })
  return new JobwrightError({
    code: 'not_accepted',
    fault: 'unreachable',
    message: `no worker has taken up \`${verb}\` of step ${step}: as far as is known it is not accepted, and nothing was done; a worker that starts within moments may still do it`,
    fix: 'start one (`jobwright worker`, `jobwright dev`), and ask again: it is done once',
    cause,
  })
}

function notFinished({ verb, step }: SteerRequest, cause: unknown): JobwrightError {
  return new JobwrightError({
    code: 'not_finished',
    fault: 'unreachable',
    message: `\`${verb}\` of step ${step} was accepted, and is not done yet: a worker goes on with it`,
    fix: '`jobwright show` says when it is; asking again is answered when it is done, and it is done once',
    cause,
  })
}

/** Of a run that is over it can only be said that it was done before. */
async function resultOfOver(
  context: PipelinesContext,
  id: string,
  { verb, step, item, jobRunId }: SteerRequest,
): Promise<SteerResult> {
  const view = await showRun(context, id)
  const line = view.steps.find((each) => each.step === step && (each.item ?? null) === item)
  const runs = [line?.job_run_id, ...(line?.earlier ?? []).map((each) => each.job_run_id)]
  if (verb === 'adopt' ? runs.includes(jobRunId ?? '') : line?.decided === verb)
    return { id, step, item, verb }
  throw new JobwrightError({
    code: 'run_over',
    fault: 'refused',
    message: `the run ${id} is over, it has ${view.status}: no step of it can be told to ${verb}`,
    fix: `see it with \`jobwright show ${id}\`; what was not done is for another run`,
  })
}
