import { type Client, WorkflowNotFoundError } from '@temporalio/client'
import { messageOf } from '../../base/causes.ts'
import { runJobNames } from '../../contract/names.ts'
import type { ActivityDependencies } from '../dependencies.ts'
import { goesOn } from './closed-runs.ts'
import { sweepRun } from './sweep-run.ts'
import type { ClosedRun, PipelineRemains } from './types.ts'

const dayMs = 24 * 60 * 60_000
/** How late a list may show that a workflow has closed. */
const marginMs = 10 * 60_000
const queryMs = 10_000
const everyMs = 60_000

export type OwnSweepDependencies = Pick<ActivityDependencies, 'namespace' | 'connection' | 'log'> & {
  client: Client
  taskQueue: string
}

/**
 * Sweeps for workflows of users, every minute for as long as this process lives: what one left active that was terminated, timed out
 * or failed is cancelled. Each worker does it, and none minds the others. @returns what ends it
 */
export function keepSweepingOwn(deps: OwnSweepDependencies): () => void {
  /** Of those that are done with: when they closed. */
  const done = new Map<string, number>()
  let sinceMs = Date.now() - dayMs
  let isSweeping = false
  const sweep = async () => {
    if (isSweeping) return
    isSweeping = true
    const begunAtMs = Date.now()
    try {
      if (await sweepOnce(deps, sinceMs, done)) sinceMs = begunAtMs - marginMs
      for (const [runId, closedAtMs] of done) if (closedAtMs < sinceMs) done.delete(runId)
    } catch {
      // Temporal is away: the next one comes soon.
    } finally {
      isSweeping = false
    }
  }
  void sweep()
  const timer = setInterval(sweep, everyMs).unref()
  return () => clearInterval(timer)
}

/** @returns whether nothing is left for the next one */
async function sweepOnce(
  deps: OwnSweepDependencies,
  sinceMs: number,
  done: Map<string, number>,
): Promise<boolean> {
  const { client, taskQueue, log } = deps
  const since = new Date(sinceMs).toISOString()
  const query = `TaskQueue = '${taskQueue}' AND ExecutionStatus IN ('Terminated', 'TimedOut', 'Failed') AND CloseTime >= '${since}'`
  let isAll = true
  for await (const { workflowId, runId, closeTime, memo } of client.workflow.list({
    query,
    pageSize: 1_000,
  })) {
    if (memo?.[runJobNames.memo] === undefined || done.has(runId)) continue
    const closed = { workflowId, runId, closedAtMs: closeTime?.getTime() ?? 0 }
    try {
      if (await sweepClosed(deps, closed)) done.set(runId, closed.closedAtMs)
      else isAll = false
    } catch (error) {
      isAll = false
      log.warn({ workflowId, reason: messageOf(error) }, 'a closed workflow cannot be looked at')
    }
  }
  return isAll
}

async function sweepClosed(deps: OwnSweepDependencies, closed: ClosedRun): Promise<boolean> {
  const { client, namespace, connection, log } = deps
  let isDone = true
  for (const remains of await remainsOf(client, closed)) {
    const connected = connection(remains.connection)
    if (!connected || remains.runs.length === 0) continue
    const swept = await sweepRun({ api: connected.api, namespace, mode: 'cancel' }, closed, remains)
    isDone &&= swept.isDone
    for (const finding of swept.found) log.warn(finding, 'left behind by a closed workflow')
  }
  return isDone
}

/** None of one that goes on as another execution, as after a reset: that has what this one had. */
async function remainsOf(client: Client, run: ClosedRun): Promise<PipelineRemains[]> {
  const handle = client.workflow.getHandle(run.workflowId, run.runId, { followRuns: false })
  try {
    if (await goesOn(client, run)) return []
    return await client.withDeadline(Date.now() + queryMs, () =>
      handle.query<PipelineRemains[]>(runJobNames.remains),
    )
  } catch (error) {
    // Its time in Temporal is over.
    if (error instanceof WorkflowNotFoundError) return []
    throw error
  }
}
