import type { Capabilities } from '../contract/index.ts'

/** What became of one check. `found` and `expected` are for people; secrets and control characters are out of them. */
export type Verdict =
  | { verdict: 'holds'; detail?: string }
  | { verdict: 'fails'; found: string; expected: string }
  | { verdict: 'skipped'; why: string }

/** One thing that the reference says, or implies, of one operation. */
export interface Statement {
  /** Stable, for machines: `runs.filter_job_id`. */
  id: string
  /** `GET /job-runs`. */
  operation: string
  /** What is to hold. */
  says: string
  /** Pipelines rely on it: without it a step could be lost, doubled or waited for in vain. */
  needed?: boolean
}

/** A statement, and how it is found out. */
export interface Check<Context> extends Statement {
  run(context: Context): Promise<Verdict>
}

export type Result = Statement & Verdict

/** Something that was made on the server, and what became of it. */
export interface Made {
  kind: 'job' | 'job_run'
  id: string
  /** What it is at the end: `deleted`, a status, or `left`, when it could not be put away. */
  end: string
}

/** What was seen on the way, beside what holds; absent where nothing was seen. */
export interface Measurements {
  /** How long after its trigger a run was in no list of its job, and how long it could not be got. */
  list_lag_ms?: number
  get_lag_ms?: number
  /** How long after a cancel the run was terminal. */
  cancel_ms?: number
  /** The server's clock minus this machine's. */
  clock_off_ms?: number
  ids?: 'uuid' | 'text' | 'number'
  times?: 'naive' | 'zoned'
  order?: 'newest_first' | 'oldest_first' | 'other'
  created_after?: 'inclusive' | 'exclusive'
  /** Whether a run says the config that it was triggered with. */
  config_echo?: boolean
  /** The status that a cancel of an ended run is answered with. */
  cancel_of_ended?: number
}

/** How pipelines run on the server. */
export interface Profile {
  /** What it offers beyond the reference: null for nothing; undefined when that cannot be found out now. */
  capabilities: Capabilities | null | undefined
  /** undefined when nothing is known of the capabilities. */
  mode: 'fenced' | 'strict' | undefined
  /** What the mode promises, and how another one is to be had. */
  because: string
  bounded?: string
  measured: Measurements
}

export interface Report {
  url: string
  conforms: boolean
  /** Whether all that pipelines need holds, as far as it was looked at. */
  fit_for_pipelines: boolean
  wrote: boolean
  checks: Result[]
  made: Made[]
  profile: Profile
}
