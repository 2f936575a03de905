import type { Ledger, SeenRun } from './ledger.ts'

/** What became of a step, or of an item of it, as it was reported. */
export interface ReportedOutcome {
  /** `unknown` when the step says that it does not know. */
  status: 'completed' | 'failed' | 'cancelled' | 'skipped' | 'unknown'
  /** The run that it reported as its own. */
  jobRunId?: string
}

/** A step of a pipeline, or whatever else triggers runs: what is expected of its runs. */
export interface ExpectedStep {
  name: string
  /** How its runs are known: by their jobs, */
  jobIds?: readonly string[]
  /** by a part of their config (with `jobIds`, both), */
  config?: Readonly<Record<string, unknown>>
  /** or one by one. */
  jobRunIds?: readonly string[]
  /** Names of steps whose runs have to be completed before this one is triggered. */
  needs?: readonly string[]
  /** That one of them is enough. */
  start?: 'any'
  /** How many runs it may have: a generation of an item each. @default 1 */
  generations?: number
  /** Without them nothing is said about how it ends. */
  outcomes?: readonly ReportedOutcome[]
}

/** Somebody wanted it all to stop. */
export interface CancelIntent {
  atMs: number
  /** The names of the steps that it is about. @default all */
  steps?: readonly string[]
  /** So much later what was decided before may still be sent, or arrive (D). @default 0 */
  graceMs?: number
}

export interface Expectations {
  /** Every run that was made has to be one of a step. Without steps runs are told apart by `generationOf`. */
  steps?: readonly ExpectedStep[]
  /**
   * What makes a generation when there is no step to tell: a job each, or a job and a config.
   * @default 'job'
   */
  generationOf?: 'job' | 'job_and_config'
  cancels?: readonly CancelIntent[]
  /** Whether all is over, so that no run may be active. @default true */
  isOver?: boolean
  /** What must not be found in any of `texts`. */
  secrets?: readonly string[]
  /** Logs, histories, views, by a name each. */
  texts?: Readonly<Record<string, string>>
}

export type ViolatedRule =
  | 'doubled'
  | 'unaccounted'
  | 'not_completed'
  | 'stranger'
  | 'before_needs'
  | 'left_active'
  | 'after_cancel'
  | 'secret_found'

/** A promise that was broken. */
export interface Violation {
  rule: ViolatedRule
  /** One sentence; never a secret. */
  message: string
  jobRunIds: readonly string[]
}

/** A step with the runs that are its own, oldest first. */
export interface JudgedStep {
  step: ExpectedStep
  runs: readonly SeenRun[]
}

/** What the rules look at. */
export interface Case {
  ledger: Ledger
  steps: readonly JudgedStep[]
  expectations: Expectations
}
