import { type Client, WithStartWorkflowOperation, WorkflowNotFoundError } from '@temporalio/client'
import { installationNames, scheduleMessages, workflowTypes } from '../../src/contract/names.ts'
import type { TickRow } from '../../src/contract/schedules/view.ts'
import type { PipelinePlan } from '../../src/pipeline/plan/index.ts'
import { expand, type LedgerEntry, type ScheduleDefinition } from '../../src/schedule/plan/index.ts'
import type {
  ApplyScheduleAnswer,
  ApplyScheduleRequest,
  KeepScheduleInput,
  LedgerPage,
} from '../../src/workflows/schedule-messages.ts'

/** A schedule without a client of its own: its keeper, asked as that client does. */

export function scheduleOf(
  plan: PipelinePlan,
  name: string,
  everyMs: number,
  rest: Partial<ScheduleDefinition> = {},
): ScheduleDefinition {
  return {
    name,
    plan,
    spec: { everyMs, timezone: 'UTC', dst: { gap: 'next', fold: 'first' }, jitterMs: 0, untilMs: null },
    overlap: 'skip',
    catchUp: { windowMs: 3_600_000, keep: 'last' },
    inputs: {},
    resolvedInputs: {},
    ...rest,
  }
}

export const keeperId = ({ workspace, name }: Pick<ScheduleDefinition, 'workspace' | 'name'>) =>
  installationNames().scheduleId(workspace, name)

type Keep = (input: KeepScheduleInput) => Promise<unknown>

export async function applySchedule(
  client: Client,
  taskQueue: string,
  definition: ScheduleDefinition,
  more: Pick<KeepScheduleInput, 'paused' | 'maxHistoryEvents'> = {},
): Promise<ApplyScheduleAnswer> {
  const timing = { waitLeaseMs: 60_000, stepHeartbeatMs: 5_000 }
  const { maxHistoryEvents, paused } = more
  const request = { definition, timing, ...(paused === undefined ? {} : { paused }) }
  const start = new WithStartWorkflowOperation<Keep>(workflowTypes.keepSchedule, {
    workflowId: keeperId(definition),
    taskQueue,
    workflowIdConflictPolicy: 'USE_EXISTING',
    args: [{ ...request, ...(maxHistoryEvents === undefined ? {} : { maxHistoryEvents }) }],
  })
  return retried(() =>
    client.workflow.executeUpdateWithStart<Keep, ApplyScheduleAnswer, [ApplyScheduleRequest]>(
      scheduleMessages.apply,
      { args: [request], startWorkflowOperation: start },
    ),
  )
}

/** Sends an update, again where the keeper goes on as a new execution meanwhile. */
export function tellKeeper<T>(client: Client, id: string, update: string, argument?: unknown): Promise<T> {
  return retried(() =>
    client.workflow.getHandle(id).executeUpdate<T, [unknown]>(update, { args: [argument] }),
  )
}

async function retried<T>(work: () => Promise<T>): Promise<T> {
  for (let tries = 0; ; tries += 1)
    try {
      return await work()
    } catch (error) {
      const type = ((error as Error).cause as { type?: string } | undefined)?.type
      if (type !== 'AcceptedUpdateCompletedWorkflow' || tries > 4) throw error
    }
}

/** Every entry, oldest first, over all executions. */
export async function ledgerEntries(client: Client, id: string): Promise<LedgerEntry[]> {
  const handle = client.workflow.getHandle(id)
  const { entries, previousPage } = await handle.query<LedgerPage>(scheduleMessages.ledger)
  let all = [...previousPage, ...entries]
  let runId = (await handle.describe()).runId
  for (;;) {
    const { history } = await client.workflowService.getWorkflowExecutionHistory({
      namespace: client.options.namespace,
      execution: { workflowId: id, runId },
      maximumPageSize: 1,
    })
    const started = history?.events?.[0]?.workflowExecutionStartedEventAttributes
    const before = started?.continuedExecutionRunId
    if (!before) return all
    runId = before
    const page = await pageOf(client, id, runId)
    all = [...page, ...all]
  }
}

async function pageOf(client: Client, workflowId: string, runId: string): Promise<LedgerEntry[]> {
  try {
    const { history } = await client.workflowService.getWorkflowExecutionHistory({
      namespace: client.options.namespace,
      execution: { workflowId, runId },
      maximumPageSize: 1,
    })
    const data = history?.events?.[0]?.workflowExecutionStartedEventAttributes?.input?.payloads?.[0]?.data
    const input = JSON.parse(new TextDecoder().decode(data ?? new Uint8Array())) as KeepScheduleInput
    return input.previousPage ?? []
  } catch (error) {
    if (error instanceof WorkflowNotFoundError) return []
    throw error
  }
}

export async function ledgerRows(client: Client, id: string): Promise<TickRow[]> {
  return expand(id.slice(id.indexOf('/') + 1), await ledgerEntries(client, id))
}
