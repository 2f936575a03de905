import type { WorkflowExecutionDescription, WorkflowExecutionInfo } from '@temporalio/client'
import type { PipelineStatus, PipelineRunView as RunOwnView } from '../pipeline/plan/index.ts'
import type { PipelineMemo } from '../workflows/messages.ts'

/** A pipeline run: what it says of itself, and whose it is. */
export interface PipelineRunView extends RunOwnView {
  /** null when it is not known whose token started it. */
  workspace: string | null
  /** The email of whoever started it; null when that is not known. */
  owner: string | null
}

/** A pipeline run as lists have it: what is known without asking the run itself. */
export type PipelineRunSummary = Pick<
  PipelineRunView,
  'id' | 'pipeline' | 'workspace' | 'owner' | 'status' | 'started_at' | 'finished_at'
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
export function ownedView({ id, pipeline, ...rest }: RunOwnView, info: RunInfo): PipelineRunView {
  const { workspace = null, owner = null } = memoOf(info)
  return { id, pipeline, workspace, owner, ...rest }
}

/** What is known without a worker: all but the steps and what came of them. */
export function summaryView(info: RunInfo): PipelineRunSummary {
  const { pipeline = '', workspace = null, owner = null, status = 'running', startedAtMs } = memoOf(info)
  return {
    id: info.workflowId,
    pipeline,
    workspace,
    owner,
    status: closedStatuses[info.status.name] ?? status,
    started_at: new Date(startedAtMs ?? info.startTime).toISOString(),
    finished_at: closeTime(info),
  }
}

/** As much as `summaryView` knows, where a view is asked for. */
export function bareView(info: RunInfo): PipelineRunView {
  return { ...summaryView(info), outputs: {}, warnings: [], connection: null, steps: [] }
}
