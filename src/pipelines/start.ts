import { createHash, randomBytes } from 'node:crypto'
import { setTimeout as sleep } from 'node:timers/promises'
import { WorkflowExecutionAlreadyStartedError } from '@temporalio/client'
import { JobwrightError } from '../base/errors.ts'
import { canonicalJson, type Json } from '../base/json.ts'
import { workflowTypes } from '../contract/names.ts'
import { runStartOptions } from '../executions/index.ts'
import { type PipelinePlan, startBytes } from '../pipeline/plan/index.ts'
import { isUnknownSearchAttribute, packedBytes, SearchAttributesError } from '../temporal/index.ts'
import type { PipelineMemo, RunPipelineInput } from '../workflows/messages.ts'
import { PipelineRunNotFoundError, requireRunId } from './errors.ts'
import { findRun } from './find.ts'
import type { PipelineOwner, PipelinesContext } from './options.ts'
import type { Prepared } from './prepare.ts'
import { memoOf, type RunInfo } from './view.ts'
import type { CallOptions } from './waiting.ts'

/** How a run is started. */
export interface StartOptions extends CallOptions {
  /** @default the pipeline's name and 12 random hexadecimal digits */
  id?: string | undefined
  /**
   * What a start under a used id is compared with.
   * @default the digest of plan and inputs
   */
  digest?: string | undefined
  /**
   * Of the saved pipeline that the run is started from.
   * @default it is none
   */
  version?: number | undefined
}

/** What came of a start. */
export interface Started {
  id: string
  /** The id was in use, and nothing new was started, whether that run is over or not. */
  existed: boolean
  /** What is not as it was when the plan was compiled; the run's view says it as well. None of a run that existed. */
  warnings: string[]
}

type Ownership = Pick<PipelineMemo, 'workspace' | 'owner'>

/**
 * Starts a run, unless its id is in use.
 * @throws SearchAttributesError, JobwrightError `bad_run_id`, `other_workspace`, `run_id_taken`, `run_id_reused`, `start_too_large`
 */
export async function startRun(
  context: PipelinesContext,
  { plan, inputs, warnings }: Prepared,
  {
    id = `${plan.name}-${randomBytes(6).toString('hex')}`,
    digest = digestOf(plan, inputs),
    version,
  }: Omit<StartOptions, 'signal'>,
): Promise<Started> {
  requireRunId(id)
  const owner = await context.owner()
  const ownership = ownershipOf(context, owner)
  const { workspace } = ownership
  const input: RunPipelineInput = {
    plan,
    inputs,
    timing: context.timing,
    ...(workspace === undefined ? {} : { workspace }),
    ...(warnings.length === 0 ? {} : { warnings }),
  }
  await requireFitting(input)
  const memo = { digest, ...(version === undefined ? {} : { version }), ...ownership }
  const start = () =>
    context.client.workflow.start(workflowTypes.runPipeline, {
      workflowId: id,
      taskQueue: context.taskQueueFor(owner),
      ...runStartOptions(plan, memo),
      args: [input],
    })
  try {
    await onceAttributesAreKnown(context, start)
    return { id, existed: false, warnings }
  } catch (error) {
    if (!(error instanceof WorkflowExecutionAlreadyStartedError)) throw error
    await requireSame(context, id, digest)
    return { id, existed: true, warnings: [] }
  }
}

/** What does not get smaller may be within all other limits, and yet leave no room for the state of the run. */
async function requireFitting(input: RunPipelineInput): Promise<void> {
  const bytes = await packedBytes(input)
  if (bytes <= startBytes) return
  throw new JobwrightError({
    code: 'start_too_large',
    fault: 'usage',
    message: `the plan and the inputs of pipeline ${input.plan.name} have ${bytes} bytes once they are packed; at most ${startBytes} are allowed`,
    fix: 'move large data into documents or a step of its own',
  })
}

function digestOf(plan: PipelinePlan, inputs: Record<string, Json>): string {
  return createHash('sha256')
    .update(canonicalJson([withoutJobTypes(plan) as unknown as Json, inputs]))
    .digest('hex')
}

/** A server that changed since makes no other pipeline of it. */
function withoutJobTypes({ jobTypes: _, ...plan }: PipelinePlan): Omit<PipelinePlan, 'jobTypes'> {
  const steps = plan.steps.map((step) =>
    step.target.kind === 'pipeline'
      ? { ...step, target: { ...step.target, pipeline: withoutJobTypes(step.target.pipeline) } }
      : step,
  )
  return { ...plan, steps }
}

/** What is known of whose the run will be. A client that is bound starts nothing that it could not see. */
export function ownershipOf(context: PipelinesContext, owner: PipelineOwner | undefined): Ownership {
  const workspace = context.workspace ?? owner?.workspace
  if (owner && owner.workspace !== workspace)
    throw new JobwrightError({
      code: 'other_workspace',
      fault: 'usage',
      message: `the owner belongs to workspace ${owner.workspace}, the client is bound to ${workspace}`,
      fix: 'bind the client to the workspace of the owner',
    })
  return {
    ...(workspace === undefined ? {} : { workspace }),
    ...(owner === undefined ? {} : { owner: owner.email }),
  }
}

/** Seconds may pass between the registration of a search attribute and the first start that may use it. */
async function onceAttributesAreKnown(
  { client, registrationPatienceMs }: PipelinesContext,
  start: () => Promise<unknown>,
): Promise<void> {
  const deadline = Date.now() + registrationPatienceMs
  for (;;) {
    try {
      await start()
      return
    } catch (error) {
      if (!isUnknownSearchAttribute(error)) throw error
      if (Date.now() >= deadline) throw new SearchAttributesError(client.options.namespace, undefined, error)
    }
    await sleep(250)
  }
}

/** The run that has the id already must be one that the client may know of, of the same plan and inputs. */
async function requireSame(context: PipelinesContext, id: string, digest: string): Promise<void> {
  try {
    const { description } = await findRun(context, id)
    requireDigest(description, digest)
  } catch (error) {
    if (!(error instanceof PipelineRunNotFoundError)) throw error
    throw new JobwrightError({
      code: 'run_id_taken',
      fault: 'refused',
      message: `the id ${id} cannot be used`,
      fix: 'start the run under another id',
    })
  }
}

/** @throws JobwrightError `run_id_reused` for a run that was started with something else */
export function requireDigest(info: RunInfo, digest: string): void {
  const { digest: other, pipeline, parent } = memoOf(info)
  // One that an earlier version started does not say.
  if (!parent && (other === undefined || other === digest)) return
  throw new JobwrightError({
    code: 'run_id_reused',
    fault: 'refused',
    message: `the id ${info.workflowId} belongs to a run of ${pipeline ?? 'a pipeline'} ${parent ? `that is a step of ${parent.id}` : 'with another plan or other inputs'}; nothing was started`,
    fix: 'start the run under another id, or watch the one that exists',
  })
}
