import {
  type WorkflowExecutionDescription,
  type WorkflowHandle,
  WorkflowNotFoundError,
} from '@temporalio/client'
import { workflowTypes } from '../contract/names.ts'
import { PipelineRunNotFoundError, requireRunId } from './errors.ts'
import type { PipelinesContext } from './options.ts'
import { memoOf } from './view.ts'

export interface FoundRun {
  handle: WorkflowHandle
  description: WorkflowExecutionDescription
}

/**
 * The run of an id, if it is one that the client may know of.
 * @throws PipelineRunNotFoundError, JobwrightError `bad_run_id`
 */
export async function findRun({ client, workspace }: PipelinesContext, id: string): Promise<FoundRun> {
  requireRunId(id)
  const handle = client.workflow.getHandle(id)
  const description = await describe(handle)
  const isKnown =
    description?.type === workflowTypes.runPipeline &&
    !memoOf(description).isBarred &&
    (workspace === undefined || memoOf(description).workspace === workspace)
  if (!isKnown) throw new PipelineRunNotFoundError(id)
  return { handle, description }
}

async function describe(handle: WorkflowHandle): Promise<WorkflowExecutionDescription | undefined> {
  try {
    return await handle.describe()
  } catch (error) {
    if (error instanceof WorkflowNotFoundError) return undefined
    throw error
  }
}
