import type { z } from 'zod'
import type { Json, JsonObject } from '../base/json.ts'
import type { JobsClient } from '../client/index.ts'

/**
 * Where a handler runs: in the process that a worker's handlers share, or in one of its own. Neither is the process that
 * talks to Temporal.
 */
export type Isolation = 'shared' | 'process'

/** What a handler is given. `config` is validated, with secrets and output references resolved. */
export interface HandlerContext<Config = JsonObject> {
  config: Config
  run: { uuid: string; jobId: string; jobName: string; jobType: string; workspace: string }
  /** 1 for the first. More only after a lost worker or a RetryableError. */
  attempt: number
  /** Aborted when the run is cancelled, its time is up, or the worker shuts down. */
  signal: AbortSignal
  log: {
    debug(message: string): void
    info(message: string): void
    warn(message: string): void
    error(message: string): void
  }
  /** `fraction` in 0…1. */
  progress(fraction: number, message?: string): void
  output: {
    /** Stores JSON under a name (letters, digits, underscores). Storing a name again replaces it. */
    json(name: string, value: Json, options?: { type?: string }): Promise<void>
    text(name: string, text: string, options?: { mediaType?: string; type?: string }): Promise<void>
    bytes(name: string, content: Uint8Array, options: { mediaType: string; type?: string }): Promise<void>
  }
  /** The Jobs API within the run's workspace: documents, metagraphs, other runs. */
  api: JobsClient
}

/** One kind of work that jobs can be made of. Written with `defineJobType`. */
export interface JobType<
  ConfigSchema extends z.ZodType = z.ZodType,
  Outputs extends Record<string, z.ZodType> = Record<string, z.ZodType>,
> {
  /** Identifier: lower-case letters, digits and underscores. */
  jobType: string
  displayName: string
  description: string
  /** @default description */
  userFacingDescription?: string
  /** Of the config without `job_type`, which is added. */
  config: ConfigSchema
  /** Schemas of the outputs it declares, by name. */
  outputs?: Outputs
  /** `fail`: never attempted again after its worker died. @default 'retry' */
  onWorkerLost?: 'retry' | 'fail'
  /** How many attempts a RetryableError or a lost worker may lead to, the first one included. @default 10 */
  maxAttempts?: number
  /** Of each attempt, from when a worker begins with it, e.g. `30m`; then the run fails with `timeout`. @default none */
  timeout?: string
  /** How long an attempt may wait for a worker that has room, e.g. `1h`; then the run fails with `queue_timeout`. @default none */
  queueTimeout?: string
  /** `process`: each attempt gets a process of its own, which ends with it. @default 'shared' */
  isolation?: Isolation
  /** Temporal task queue of the workers that can run it. @default the workers' own */
  taskQueue?: string
  /** The config field whose value becomes the second part of a job's name. */
  nameField?: string
  run(context: HandlerContext<z.infer<ConfigSchema>>): Promise<void>
}

export type AnyJobType = JobType<z.ZodType, Record<string, z.ZodType>>
