import type { Client, WorkflowExecutionDescription } from '@temporalio/client'
import type { Json } from '../base/json.ts'
import { queryNames } from '../contract/names.ts'
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
  const { history } = await client.workflowService.getWorkflowExecutionHistory({
    namespace: client.options.namespace,
    execution: { workflowId, runId },
    maximumPageSize: 1,
  })
  const [started] = history?.events ?? []
  const [payload] = started?.workflowExecutionStartedEventAttributes?.input?.payloads ?? []
  return payload?.data ? (JSON.parse(new TextDecoder().decode(payload.data)) as RunPipelineInput) : undefined
}
