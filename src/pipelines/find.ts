import type { WorkflowExecutionDescription, WorkflowHandle } from '@temporalio/client'
import { queryNames, runJobNames, updateNames, workflowTypes } from '../contract/names.ts'
import { ifThere } from '../executions/index.ts'
import type { RunsAccess } from './access.ts'
import { PipelineRunNotFoundError, requireRunId } from './errors.ts'
import { memoOf } from './view.ts'

export interface FoundRun {
  handle: WorkflowHandle
  description: WorkflowExecutionDescription
  /** What it answers to. */
  names: { progress: string; steer: string }
}

const pipelineNames = { progress: queryNames.progress, steer: updateNames.steer }

/**
 * The run of an id, if it is one that the client may know of.
 * @param which `any`: also a workflow of a user's own that has job runs; whose it is, nobody knows
 * @throws PipelineRunNotFoundError, JobwrightError `bad_run_id`
 */
export async function findRun(
  { client, workspace }: Omit<RunsAccess, 'queryTimeoutMs'>,
  id: string,
  which: 'pipelines' | 'any' = 'pipelines',
): Promise<FoundRun> {
  requireRunId(id)
  const handle = client.workflow.getHandle(id)
  const description = await ifThere(handle.describe())
  const isOwn = which === 'any' && description?.memo?.[runJobNames.memo] !== undefined
  const isKnown =
    (isOwn || description?.type === workflowTypes.runPipeline) &&
    !memoOf(description).isBarred &&
    (workspace === undefined || memoOf(description).workspace === workspace)
  if (!isKnown) throw new PipelineRunNotFoundError(id)
  return { handle, description, names: isOwn ? runJobNames : pipelineNames }
}
