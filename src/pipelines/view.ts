import type { WorkflowExecutionDescription, WorkflowExecutionInfo } from '@temporalio/client'
import { modePromises } from '../contract/jobs/capabilities.ts'
import type { ConnectionMode, PipelineStatus, PipelineRunView as RunOwnView } from '../pipeline/plan/index.ts'
import type { PipelineMemo } from '../workflows/messages.ts'

/** A pipeline run: what it says of itself, and whose it is. */
export interface PipelineRunView extends RunOwnView {
  /** null when it is not known whose token started it. */
  workspace: string | null
  /** The email of whoever started it; null when that is not known. */
  owner: string | null
  /** Of a nested one: the step that it is, and of which pipeline run. Absent elsewhere. */
  parent?: { id: string; step: string; item: number | null; generation: number }
  /**
   * What its job runs are triggered on, how they are triggered once, and what that promises; the last two are null until it is known.
   * All of it is null where no worker answers.
   */
  connection: { name: string; mode: ConnectionMode | null; promise: string | null } | null
}

/** A pipeline run as lists have it: what is known without asking the run itself. */
export type PipelineRunSummary = Pick<
  PipelineRunView,
  'id' | 'pipeline' | 'workspace' | 'owner' | 'parent' | 'status' | 'started_at' | 'finished_at'
>

export type RunInfo = WorkflowExecutionInfo | WorkflowExecutionDescription

/** The status of a run by what Temporal calls the close of its workflow. */
export const closedStatuses: Readonly<Record<string, PipelineStatus>> = {
  COMPLETED: 'completed',
  FAILED: 'failed',
  TIMED_OUT: 'failed',
  TERMINATED: 'failed',
  CANCELLED: 'cancelled',
}

export function memoOf(info: RunInfo): Partial<PipelineMemo> {
  return (info.memo ?? {}) as Partial<PipelineMemo>
}

export function closeTime(info: RunInfo): string | null {
  return info.closeTime?.toISOString() ?? null
}

/** The run does not know its owner's email, so the memo tells. */
export function ownedView(view: RunOwnView, info: RunInfo): PipelineRunView {
  const { id, seq, pipeline, connection, ...rest } = view
  const { workspace = null, owner = null } = memoOf(info)
  const promise = connection?.mode ? modePromises[connection.mode] : null
  // One that an earlier version left behind does not say.
  return {
    id,
    seq,
    pipeline,
    workspace,
    owner,
    ...parentOf(info),
    ...rest,
    connection: connection ? { ...connection, promise } : null,
  }
}

function parentOf(info: RunInfo): Pick<PipelineRunView, 'parent'> {
  const { parent } = memoOf(info)
  if (!parent) return {}
  const { id, step, item, generation } = parent
  return { parent: { id, step, item, generation } }
}

/** What is known without a worker: all but the steps and what came of them. */
export function summaryView(info: RunInfo): PipelineRunSummary {
  const { pipeline = '', workspace = null, owner = null, status, startedAtMs } = memoOf(info)
  return {
    id: info.workflowId,
    pipeline,
    workspace,
    owner,
    ...parentOf(info),
    status: closedStatuses[info.status.name] ?? status ?? 'running',
    started_at: new Date(startedAtMs ?? info.startTime).toISOString(),
    finished_at: closeTime(info),
  }
}

/** As much as `summaryView` knows, where a view is asked for. */
export function bareView(info: RunInfo): PipelineRunView {
  return { ...summaryView(info), seq: 0, outputs: {}, warnings: [], connection: null, steps: [] }
}
