import type {
  AppendLogsBody,
  FinishRunBody,
  JobRun,
  OutputReference,
  ProgressBody,
  RunError,
} from '../../contract/index.ts'
import type { Caller } from './caller.ts'

/** The worker protocol: not confined to a workspace, reached with a worker token only. */
export interface Reports {
  /** Moves pending → running, notes the attempt. */
  startAttempt(
    jobRunId: string,
    attempt: number,
  ): Promise<
    | { run: JobRun; jobType: string; workspace: string; previousAttempt: 'none' | 'retryable' | 'lost' }
    | undefined
  >
  finish(jobRunId: string, report: FinishRunBody): Promise<{ applied: boolean; run: JobRun } | undefined>
  retry(
    jobRunId: string,
    attempt: number,
    error: RunError,
  ): Promise<{ applied: boolean; run: JobRun } | undefined>
  progress(jobRunId: string, report: ProgressBody): Promise<{ applied: boolean; run: JobRun } | undefined>
  appendLogs(jobRunId: string, report: AppendLogsBody): Promise<{ applied: boolean; run: JobRun } | undefined>
  putOutput(
    jobRunId: string,
    attempt: number,
    output: { name: string; type: string; mediaType: string; content: Uint8Array },
  ): Promise<OutputReference | 'terminal' | 'full' | undefined>
  workspaceOf(jobRunId: string): Promise<Caller | undefined>
}
