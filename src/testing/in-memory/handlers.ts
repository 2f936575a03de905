import type { z } from 'zod'
import type { JsonObject } from '../../base/json.ts'
import type { AnyJobType, HandlerContext, JobType, OutputValue } from '../../job-types/index.ts'
import type { ConfigOf, OutputsOf } from '../../pipeline/build/job-type-types.ts'
import type { JobTypes } from '../../pipeline/build/job-types.ts'

/** What a handler of a test is called with. */
export interface InMemoryContext<Config = JsonObject>
  extends Pick<HandlerContext, 'attempt' | 'signal' | 'log' | 'progress' | 'api'> {
  /** As a real handler gets it: with outputs of other steps, and secrets, filled in. */
  config: Config
  jobType: string
  step: string
  /** 0-based; null outside `for_each`. */
  item: number | null
  /** From 1; the next one is a `retry` of the step. */
  generation: number
  /** Takes this long in virtual time, and none in real time; rejects when the job run is cancelled meanwhile. */
  sleep(duration: string): Promise<void>
}

/** Outputs by name. One that is undefined is not stored. */
export type InMemoryOutputs = Readonly<Record<string, unknown>>

/** Does the work of a job type in a test: returns the outputs, or throws to fail the job run. */
export type InMemoryHandler<Config = JsonObject, Outputs = InMemoryOutputs> = (
  context: InMemoryContext<Config>,
  // biome-ignore lint/suspicious/noConfusingVoidType: a handler without outputs returns nothing
) => Outputs | void | Promise<Outputs | void>

/** A job type with another handler in place of its own. */
export interface MockedJobType {
  jobType: AnyJobType
  handler: InMemoryHandler
}

/** A handler for each job type, its own from `defineJobType`, or that with another handler; or one handler for all of them. */
export type InMemoryJobs =
  | Readonly<Record<string, InMemoryHandler | AnyJobType | MockedJobType>>
  | InMemoryHandler

/** What a handler of a job type returns: the outputs that it declares, of which optional ones may be missing. */
export type DeclaredOutputs<Outputs extends Record<string, z.ZodType>> = {
  [Name in keyof Outputs as undefined extends z.input<Outputs[Name]> ? never : Name]: OutputValue<
    Outputs[Name]
  >
} & {
  [Name in keyof Outputs as undefined extends z.input<Outputs[Name]> ? Name : never]?: OutputValue<
    Outputs[Name]
  >
}

/**
 * A job type with another handler: its config and outputs are typed, and checked, as the job type declares them.
 *
 * @example
 * ```ts
 * import { defineJobType } from 'jobwright/job-types'
 * import { mock, testPipeline } from 'jobwright/testing'
 * import { z } from 'zod'
 *
 * const resize = defineJobType({
 *   jobType: 'resize_image',
 *   displayName: 'Resize image',
 *   description: 'Makes an image smaller',
 *   config: z.strictObject({ width: z.number() }),
 *   outputs: { image: z.object({ width: z.number() }) },
 *   async run() {
 *     throw new Error('this one needs a graphics card')
 *   },
 * })
 * const resize_image = mock(resize, ({ config }) => ({ image: { width: config.width } }))
 * await testPipeline({ file: 'images.yaml' }, { jobs: { resize_image } })
 * ```
 */
export function mock<ConfigSchema extends z.ZodType, Outputs extends Record<string, z.ZodType>>(
  jobType: JobType<ConfigSchema, Outputs>,
  handler: InMemoryHandler<z.infer<ConfigSchema>, DeclaredOutputs<Outputs>>,
): MockedJobType
/** A handler of a job type whose types are known by its name, from the file that `jobwright types` wrote. */
export function mock<Name extends keyof JobTypes & string>(
  jobType: Name,
  handler: InMemoryHandler<ConfigOf<Name>, OutputsOf<Name>>,
): InMemoryHandler
export function mock(jobType: AnyJobType | string, handler: unknown): MockedJobType | InMemoryHandler {
  // Called with what the schema has made of a config, and nothing else.
  const given = handler as InMemoryHandler
  return typeof jobType === 'string' ? given : { jobType, handler: given }
}

/** A handler that completes at once with these outputs. */
export function succeeds(outputs: InMemoryOutputs = {}): InMemoryHandler {
  return () => outputs
}

/** A handler that fails. @param options.code of the error. @default 'handler_error' */
export function fails(message: string, { code }: { code?: string } = {}): InMemoryHandler {
  return () => {
    throw Object.assign(new Error(message), code === undefined ? {} : { code })
  }
}

/** A handler that takes this long, `5m`, in virtual time, and then does what the next one does, or gives these outputs. */
export function takes(duration: string, next: InMemoryOutputs | InMemoryHandler = {}): InMemoryHandler {
  return async (context) => {
    await context.sleep(duration)
    return typeof next === 'function' ? next(context) : next
  }
}

/** A handler that never ends by itself: the step's timeout or a cancel ends it. */
export function hangs(): InMemoryHandler {
  return ({ sleep }) => sleep('never')
}

/** What `sleep` takes for ever. */
export const never = 'never'
