import type { Client, WorkflowExecutionDescription } from '@temporalio/client'
import type { Json } from '../base/json.ts'
import { queryNames } from '../contract/names.ts'
import { readStart } from '../executions/index.ts'
import type { RunPipelineInput } from '../workflows/messages.ts'
import type { RunsAccess } from './access.ts'
import { findRun } from './find.ts'

/**
 * What a run was started with: the argument of its workflow, which each of its executions has.
 * @throws PipelineRunNotFoundError
 */
export async function inputsOf(context: RunsAccess, id: string): Promise<Record<string, Json>> {
  const { description, names } = await findRun(context, id, 'any')
  // A workflow of a user's own was given something else.
  if (names.progress !== queryNames.progress) return {}
  return (await argumentOf(context.client, description))?.inputs ?? {}
}

/** The argument of `runPipeline`, as an execution of it was given it. */
export async function argumentOf(
  client: Client,
  { workflowId, runId }: Pick<WorkflowExecutionDescription, 'workflowId' | 'runId'>,
): Promise<RunPipelineInput | undefined> {
  return (await readStart<RunPipelineInput>(client, { workflowId, runId }))?.argument
}
