import type { z } from 'zod'
import type { Json, JsonObject } from '../base/json.ts'
import type { JobsClient } from '../client/index.ts'

/**
 * Where a handler runs: in the process that a worker's handlers share, or in one of its own. Neither is the process that
 * talks to Temporal.
 */
export type Isolation = 'shared' | 'process'

/** Stores the outputs of a run under names (letters, digits, underscores). Storing a name again replaces it. */
export interface OutputWriter<Value = unknown> {
  json(name: string, value: Value, options?: { type?: string }): Promise<void>
  text(name: string, text: string, options?: { mediaType?: string; type?: string }): Promise<void>
  bytes(name: string, content: Uint8Array, options: { mediaType: string; type?: string }): Promise<void>
}

/** What can be stored as an output of a schema. */
export type OutputValue<Schema> = Schema extends z.ZodType ? Exclude<z.input<Schema>, undefined> : never

/** Names of outputs that can be text. */
export type TextOutputName<Outputs> = {
  [Name in keyof Outputs & string]: string extends OutputValue<Outputs[Name]>
    ? Name
    : [Extract<OutputValue<Outputs[Name]>, string>] extends [never]
      ? never
      : Name
}[keyof Outputs & string]

/**
 * Stores the outputs that a job type declares, and all of them that are not optional: what its schemas do not describe fails
 * the run. Of a value what the schema makes of it is stored.
 */
export interface DeclaredOutputWriter<Outputs extends Record<string, z.ZodType>> {
  json<Name extends keyof Outputs & string>(
    name: Name,
    value: OutputValue<Outputs[Name]>,
    options?: { type?: string },
  ): Promise<void>
  text(
    name: TextOutputName<Outputs>,
    text: string,
    options?: { mediaType?: string; type?: string },
  ): Promise<void>
  bytes(
    name: keyof Outputs & string,
    content: Uint8Array,
    options: { mediaType: string; type?: string },
  ): Promise<void>
}

/** What a handler stores its outputs with: a job type that declares none may store any JSON. */
export type OutputWriterOf<Outputs extends Record<string, z.ZodType>> = string extends keyof Outputs
  ? OutputWriter
  : [keyof Outputs] extends [never]
    ? OutputWriter<Json>
    : DeclaredOutputWriter<Outputs>

/** What a handler is given. `config` is validated, with secrets and output references resolved. */
export interface HandlerContext<Config = JsonObject, Output = OutputWriter> {
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
  output: Output
  /** The Jobs API within the run's workspace: documents, metagraphs, other runs. */
  api: JobsClient
}

/** What a job type says of itself. */
export interface JobTypeDescription<
  ConfigSchema extends z.ZodType,
  Outputs extends Record<string, z.ZodType>,
> {
  /** Identifier: lower-case letters, digits and underscores. */
  jobType: string
  displayName: string
  description: string
  /** @default description */
  userFacingDescription?: string
  /** Of the config without `job_type`, which is added. */
  config: ConfigSchema
  /** Record<string, z.ZodType> of the outputs that it stores, by name. One that a run may do without is `.optional()`. */
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
}

/** One kind of work that jobs can be made of. Written with `defineJobType`. */
export interface JobType<
  ConfigSchema extends z.ZodType = z.ZodType,
  Outputs extends Record<string, z.ZodType> = Record<string, z.ZodType>,
> extends JobTypeDescription<ConfigSchema, Outputs> {
  run(context: HandlerContext<z.infer<ConfigSchema>, OutputWriterOf<Outputs>>): Promise<void>
}

/** A job type of which only that it is one is known. */
export interface AnyJobType extends JobTypeDescription<z.ZodType, Record<string, z.ZodType>> {
  run(context: HandlerContext<unknown>): Promise<void>
}
