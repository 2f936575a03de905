import { ApplicationFailure } from '@temporalio/activity'
import {
  type Client,
  WorkflowFailedError,
  type WorkflowHandle,
  WorkflowNotFoundError,
} from '@temporalio/client'
import { type InstallationNames, queryNames, workflowTypes } from '../../contract/names.ts'
import { decodeHistory, isTaskLost } from '../../executions/index.ts'
import { tellFailed } from '../notify/tell-failed.ts'
import { forgottenBy, remainsFromHistory } from './remains-from-history.ts'
import type { ClosedRun, ClosedRuns, PipelineRemains } from './types.ts'

/** One that ends by itself with failed steps says so, and has ended its job runs before. */
const orderlyFailure = 'pipeline_failed'
const queryMs = 10_000

/** Pipeline runs that were closed, as Temporal has them. */
export function createClosedRuns(client: Client, names: InstallationNames): ClosedRuns {
  const conditions = [
    `WorkflowType = '${workflowTypes.runPipeline}'`,
    `TaskQueue = '${names.taskQueues.pipelines}'`,
    // What is cancelled or completed has ended its job runs before.
    "ExecutionStatus IN ('Terminated', 'TimedOut', 'Failed')",
  ].join(' AND ')
  return {
    async *since(instantMs) {
      const query = `${conditions} AND CloseTime >= '${new Date(instantMs).toISOString()}'`
      for await (const { workflowId, runId, closeTime } of client.workflow.list({ query, pageSize: 1_000 }))
        yield { workflowId, runId, closedAtMs: closeTime?.getTime() ?? 0 }
    },
    tellFailed: (run) => ofClosed(client, run, (handle) => tellFailed(client, handle, run.closedAtMs)),
    async remainsOf(run) {
      const handle = client.workflow.getHandle(run.workflowId, run.runId, { followRuns: false })
      try {
        if (await endedByItself(handle)) return undefined
        const next = await goesOn(client, run)
        const historyOf = async (one: WorkflowHandle) => decodeHistory(client, await one.fetchHistory())
        const remains =
          (await query(client, handle)) ?? remainsFromHistory(await historyOf(handle), run.closedAtMs)
        if (!remains) return undefined
        if (next) return forgottenBy(await historyOf(next), remains)
        const { unbegun, ...rest } = remains
        return unbegun && (await isTaskLost(client, run)) ? { ...rest, unbegun } : rest
      } catch (error) {
        // Its time in Temporal is over.
        if (error instanceof WorkflowNotFoundError) return undefined
        throw error
      }
    },
  }
}

/** Does something about a run that did not end by itself, and that no other execution goes on with. */
async function ofClosed(
  client: Client,
  run: ClosedRun,
  work: (handle: WorkflowHandle) => Promise<void>,
): Promise<void> {
  const handle = client.workflow.getHandle(run.workflowId, run.runId, { followRuns: false })
  try {
    if (!(await endedByItself(handle)) && !(await goesOn(client, run))) await work(handle)
  } catch (error) {
    // Its time in Temporal is over.
    if (!(error instanceof WorkflowNotFoundError)) throw error
  }
}

/** undefined where no worker can replay it, or none does so in time. */
async function query(client: Client, handle: WorkflowHandle): Promise<PipelineRemains | undefined> {
  try {
    return await client.withDeadline(Date.now() + queryMs, () =>
      handle.query<PipelineRemains>(queryNames.remains),
    )
  } catch (error) {
    if (error instanceof WorkflowNotFoundError) throw error
    return undefined
  }
}

async function endedByItself(handle: WorkflowHandle): Promise<boolean> {
  try {
    await handle.result()
    return true
  } catch (error) {
    if (!(error instanceof WorkflowFailedError)) throw error
    return error.cause instanceof ApplicationFailure && error.cause.type === orderlyFailure
  }
}

/** A reset closes an execution, and the next one goes on from what it kept: what counts is the last one. */
export async function goesOn(
  client: Client,
  { workflowId, runId }: ClosedRun,
): Promise<WorkflowHandle | undefined> {
  const [latest, own] = await Promise.all([
    client.workflow.getHandle(workflowId).describe(),
    client.workflow.getHandle(workflowId, runId).describe(),
  ])
  const first = ({ raw }: typeof own) => raw.workflowExecutionInfo?.firstRunId
  const isReset = latest.runId !== runId && first(latest) === first(own)
  return isReset ? client.workflow.getHandle(workflowId, latest.runId) : undefined
}
