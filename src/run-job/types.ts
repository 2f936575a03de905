import type { Duration } from '../base/duration.ts'
import type { Json } from '../base/json.ts'
import type { SecretReference, SecretTemplate } from '../contract/jobs/references.ts'
import type { EarlierGeneration, RetryReason } from '../pipeline/plan/index.ts'

/** What every `runJob` may be told. */
export interface RunJobOptions {
  /**
   * What the run is called: in the view, in the names of jobs, and to people who decide of it. A second call with the same name is a
   * second run, as with activities.
   */
  step: string
  /** Of those that the worker's `jobwrightActivities` were given. @default 'default' */
  connection?: string
  /** Of each generation; what is still at work then is cancelled, and its end waited for. @default none */
  timeout?: Duration
  /** Generations of a run that failed. A trigger is never repeated by it. @default one generation */
  retry?: {
    /** The first one included. */
    attempts: number
    /** Before the second one; doubles with each. @default 5s */
    backoff?: Duration
    /** @default every one of them */
    on?: readonly RetryReason[]
  }
  /**
   * Makes it one run in the whole chain of continue-as-new: called again with this key, by a later execution too, it is the run that
   * was begun. Without it each call is a run of its own. Only on servers with idempotency keys.
   */
  key?: string
  /**
   * What becomes of a trigger whose outcome is not known, on a server without idempotency keys. `wait`: until a person decides
   * (`jobwright adopt|trigger|fail WORKFLOW STEP`), or the run shows up. `fail`: fails with `trigger_unknown`. Neither sends it again.
   * @default 'wait'
   */
  onUnknown?: 'wait' | 'fail'
  /** How long such a run is looked for before that. @default 1m */
  settle?: Duration
  /** Which outputs to read, if not all. @default all of them */
  outputs?: readonly string[]
}

/** Wherever text may stand in a config, `secret('NAME')` may. */
export type WithSecrets<T> = [Json] extends [T]
  ? T
  : T extends string
    ? T | SecretReference | SecretTemplate
    : T extends object
      ? { [Key in keyof T]: WithSecrets<T[Key]> }
      : T

/** The config of a run; one without a field that it needs may be left out. */
export type ConfigField<Config> =
  Record<never, never> extends Config ? { config?: WithSecrets<Config> } : { config: WithSecrets<Config> }

/** A job run that completed. */
export interface JobRunOf<Outputs> {
  jobRunId: string
  jobId: string
  status: 'completed'
  /** By name, as values: JSON as it is, text as a string. */
  outputs: Outputs
  /** The how-manieth generation it was, from 1. */
  generation: number
  /** The generations before it, oldest first; of many the last ten. */
  earlier: readonly EarlierGeneration[]
}

/** What the details of an `ApplicationFailure` of `runJob` say of the run. */
export interface FailedJobRun {
  step: string
  /** null where it had none: refused before there was one. */
  jobRunId: string | null
  jobId: string | null
  status: 'failed' | 'cancelled' | 'completed'
  error: { code: string; message: string }
  generation: number
  earlier: readonly EarlierGeneration[]
}
