import type { RunError } from '../../contract/index.ts'

/** What Temporal needs to know to run a job run; fixed when the run is triggered. */
export interface ExecutionOptions {
  taskQueue: string | null
  /** How long an attempt may take; null: for ever. */
  timeoutMs: number | null
  /** How long an attempt may wait for a worker; null: for ever. */
  queueTimeoutMs: number | null
}

/** Temporal, as the server sees it. */
export interface RunExecutor {
  /** Duplicates are rejected by id, so a second start of the same run is harmless. */
  start(run: {
    jobRunId: string
    jobType: string
    execution: ExecutionOptions
  }): Promise<'started' | 'already_started'>
  requestCancel(jobRunId: string): Promise<'requested' | 'not_found' | 'closed'>
  describe(jobRunId: string): Promise<ExecutionState>
}

export type ExecutionState =
  | { state: 'active' }
  | { state: 'not_found' }
  /** `status`: how `executeJobRun` said that the run ended, in its own words. */
  | { state: 'completed'; status: string | null }
  | { state: 'closed'; status: 'failed' | 'cancelled'; error: RunError }
