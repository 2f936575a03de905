import type { Json } from '../base/json.ts'
import type { JobRunRecord } from '../pipeline/plan/index.ts'

/** How patient the activities of a remote run are. */
export interface RemoteRunTiming {
  /** How long one attempt of a wait may stay open before it looks again. */
  waitLeaseMs: number
  /** A worker that triggers a run and is not heard of for this long counts as lost. */
  stepHeartbeatMs: number
}

/** One generation of a step or item, and what its job run is made of. */
export interface RemoteRunRequest {
  connection: string
  pipeline: string
  timing: RemoteRunTiming
  step: string
  /** 0-based; null outside `for_each`. */
  item: number | null
  generation: number
  target: { jobType: string } | { jobId: string }
  config: { [key: string]: Json } | null
}

/** A job run that exists and was not over when it was last looked at. */
export interface OpenJobRun {
  jobId: string
  jobRunId: string
  /** The API's word. */
  status: string
}

/** What is left of a step's time, in milliseconds; undefined: no bound. Asked anew for each activity. */
export type TimeLeft = () => number | undefined

/**
 * One job run on a Jobs API, as a workflow needs it. How each of the three is done safely depends on what the server
 * offers: that is the mode. All of it is safe to call again in a later execution of the workflow.
 */
export interface RemoteRun {
  /** Makes sure that the run exists; its end where it was short, else what to wait for. */
  trigger(
    left: TimeLeft,
  ): Promise<{ phase: 'terminal'; record: JobRunRecord } | ({ phase: 'running' } & OpenJobRun)>
  /** Until the run is over. */
  wait(jobRunId: string, left: TimeLeft): Promise<JobRunRecord>
  /** Cancels whatever was started, and confirms it, for as long as it takes; null: nothing was, and nothing will be. */
  cancel(): Promise<JobRunRecord | null>
}
