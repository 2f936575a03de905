import type { JsonObject } from '../../base/json.ts'
import type { AnyJobType, HandlerContext } from '../../job-types/index.ts'

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

/** A handler for each job type, or its own from `defineJobType`; or one handler for all of them. */
export type InMemoryJobs = Readonly<Record<string, InMemoryHandler | AnyJobType>> | InMemoryHandler

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
