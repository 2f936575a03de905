import {
  isTerminalStatus,
  type JobRun,
  type RunError,
  type TerminalJobRunStatus,
} from '../../contract/index.ts'
import type { JobStore } from '../ports/index.ts'

/** A job run as it stands, whatever its workspace; undefined when there is none. */
export async function readRun(store: JobStore, jobRunId: string): Promise<JobRun | undefined> {
  const owner = await store.reports.workspaceOf(jobRunId)
  return owner && store.runs.get(owner, jobRunId)
}

export interface RunEnd {
  status: TerminalJobRunStatus
  error?: RunError
}

/**
 * Ends a run on behalf of the worker that did not.
 * @param seen the run as read BEFORE Temporal was asked: its attempt guards the write, so that a later one that began
 *   since keeps its run (the first counts as seen), and a terminal status that a worker reported meanwhile stays
 */
export async function finishRun(store: JobStore, seen: JobRun, end: RunEnd): Promise<boolean> {
  if (isTerminalStatus(seen.status)) return false
  const attempt = Math.max(1, seen.attempt ?? 0)
  const report = await store.reports.finish(seen.uuid, { attempt, ...end })
  return report?.applied ?? false
}
