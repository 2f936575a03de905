import type { WorkflowExecutionDescription, WorkflowExecutionInfo } from '@temporalio/client'
import { modePromises } from '../contract/jobs/capabilities.ts'
import type { PipelineRunSummary, PipelineRunView } from '../contract/pipelines/view.ts'
import type { PipelineStatus, PipelineRunView as RunOwnView } from '../pipeline/plan/index.ts'
import type { PipelineMemo } from '../workflows/messages.ts'

export type { PipelineRunSummary, PipelineRunView }

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
  const { id, seq, pipeline, connection, notices: _notices, ...rest } = view
  const { workspace = null, owner = null, version } = memoOf(info)
  const promise = connection?.mode ? modePromises[connection.mode] : null
  // One that an earlier version left behind does not say.
  return {
    id,
    seq,
    pipeline,
    ...versionView(version),
    workspace,
    owner,
    ...parentOf(info),
    ...scheduleOf(info),
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

function scheduleOf(info: RunInfo): Pick<PipelineRunView, 'schedule'> {
  const { schedule, scheduledForMs } = memoOf(info)
  if (schedule === undefined || scheduledForMs === undefined) return {}
  return { schedule: { name: schedule, scheduled_for: new Date(scheduledForMs).toISOString() } }
}

/** What is known without a worker: all but the steps and what came of them. */
export function summaryView(info: RunInfo): PipelineRunSummary {
  const { pipeline = '', version, workspace = null, owner = null, status, startedAtMs } = memoOf(info)
  return {
    id: info.workflowId,
    pipeline,
    ...versionView(version),
    workspace,
    owner,
    ...parentOf(info),
    ...scheduleOf(info),
    status: closedStatuses[info.status.name] ?? status ?? 'running',
    started_at: new Date(startedAtMs ?? info.startTime).toISOString(),
    finished_at: closeTime(info),
  }
}

function versionView(version: number | undefined): { pipeline_version?: number } {
  return version === undefined ? {} : { pipeline_version: version }
}

/** As much as `summaryView` knows, where a view is asked for. */
export function bareView(info: RunInfo): PipelineRunView {
  return { ...summaryView(info), seq: 0, outputs: {}, warnings: [], connection: null, steps: [] }
}
