import type { Json } from '../base/json.ts'
import { queryNames } from '../contract/names.ts'
import type { RunPipelineInput } from '../workflows/messages.ts'
import { findRun } from './find.ts'
import type { PipelinesContext } from './options.ts'

/**
 * What a run was started with: the argument of its workflow, which each of its executions has.
 * @throws PipelineRunNotFoundError
 */
export async function inputsOf(context: PipelinesContext, id: string): Promise<Record<string, Json>> {
  const { namespace } = context.client.options
  const { description, names } = await findRun(context, id, 'any')
  // A workflow of a user's own was given something else.
  if (names.progress !== queryNames.progress) return {}
  const { history } = await context.client.workflowService.getWorkflowExecutionHistory({
    namespace,
    execution: { workflowId: id, runId: description.runId },
    maximumPageSize: 1,
  })
  const [started] = history?.events ?? []
  const [payload] = started?.workflowExecutionStartedEventAttributes?.input?.payloads ?? []
  if (!payload?.data) return {}
  return (JSON.parse(new TextDecoder().decode(payload.data)) as RunPipelineInput).inputs
}
