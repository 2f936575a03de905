import type { Duration } from '../../base/duration.ts'
import type { NotificationEvent, RetryReason, WhenFull } from '../plan/types.ts'
import type {
  AnyJobType,
  EachOutputs,
  LiftedConfig,
  LiftedOutputs,
  OutputsOf,
  UnknownOutputs,
} from './job-type-types.ts'
import type { AnyPipeline, Pipeline } from './pipeline.ts'
import type { Expr, ExprOf, IsOpen, ItemOf, LiftParts, ValueOf } from './values.ts'

export interface RetryOptions {
  /** How many generations there are at most, the first one counted. */
  attempts?: number
  /** The wait before the second generation; it doubles after that. */
  backoff?: Duration
  /** Which ends are tried again; all of them by default. */
  on?: readonly RetryReason[]
}

/** Who is told of what. */
export type NotificationOptions = {
  on: readonly NotificationEvent[]
  /** From when on a run is late: counted from when it was due, or was started; or the next such time of day. */
  late?: { after: Duration } | { by: string; timezone?: string }
} & (
  | {
      /** A URL, or text with secrets in it. */
      webhook: string | ExprOf<string>
      /** Names of secrets that sign; two while they are changed. */
      secrets?: readonly [string] | readonly [string, string]
      function?: never
    }
  | {
      /** By its name under `notifications` in `jobwright.config.ts`. */
      function: string
      webhook?: never
      secrets?: never
    }
)

/** A step of a pipeline: what later steps read of it. */
export interface Step<Outputs = unknown> {
  readonly name: string
  /** By name, as expressions: reading one makes the reader need this step. */
  readonly outputs: LiftedOutputs<Outputs>
}

/** Whatever its outputs are. */
export interface AnyStep {
  readonly name: string
  readonly outputs: object
}

/** A limit across runs: at most `limit` at once of all that ask under the same key, in whichever pipeline. */
export interface ConcurrencyOptions {
  /** @default the pipeline's name; of a step `PIPELINE/STEP` */
  key?: string | number | ExprOf<string | number>
  /** @default 1 */
  limit?: number
  /** @default 'queue' */
  whenFull?: WhenFull
}

/** Who gets a place first; 1 goes first. */
export type Priority = 1 | 2 | 3 | 4 | 5

/** What every step may say. */
export interface StepSettings {
  /** Steps that must be done before, besides those whose values are used. */
  needs?: readonly AnyStep[]
  /** Once all of them are done, or as soon as any of them is. @default 'all' */
  start?: 'all' | 'any'
  if?: ExprOf<boolean>
  timeout?: Duration
  retry?: RetryOptions
  /** @default 'fail' */
  onFailure?: 'fail' | 'continue'
  /** A place for each item and generation. */
  concurrency?: ConcurrencyOptions
  /** @default 3 */
  priority?: Priority
}

/** Creates a job of this type, and runs it. */
export interface JobTypeTarget<J> {
  jobType: J
  config?: LiftedConfig<J> | ExprOf<object>
  jobId?: never
}

/** Runs a job that exists; the config is merged over its own. */
export interface JobIdTarget {
  jobId: string | ExprOf<string>
  config?: { readonly [field: string]: unknown } | ExprOf<object>
  jobType?: never
}

/** What a pipeline is given: needed where one of its inputs has no default. */
export type PipelineInputs<P> =
  P extends Pipeline<infer Inputs, unknown>
    ? Partial<Inputs> extends Inputs
      ? { inputs?: LiftParts<Inputs> }
      : { inputs: LiftParts<Inputs> }
    : unknown

/** Adds steps that run a pipeline. */
export type RunPipeline<P> = (
  name: string,
  options: StepSettings & PipelineInputs<P>,
) => Step<OutputsOfPipeline<P>>

/** Runs another pipeline. */
export type PipelineTarget<P> = PipelineInputs<P> & {
  pipeline: P
  jobType?: never
  jobId?: never
  config?: never
}

export type OutputsOfPipeline<P> = P extends Pipeline<never, infer Outputs> ? Outputs : never

/** What a step runs: no union, since the compiler then says of a wrong value where it stands. */
export type TargetOf<J, P = never> = [P] extends [never]
  ? [J] extends [never]
    ? JobIdTarget
    : JobTypeTarget<J>
  : PipelineTarget<P>

/** What says which kind of target is meant. */
export interface Targeted<J, P = never> {
  jobType?: J
  pipeline?: P
}

export type StepOptions<J extends AnyJobType, P extends AnyPipeline = never> = Targeted<J, P> &
  StepSettings &
  TargetOf<J, P>

export interface EachSettings {
  /** How many items run at once. @default 10 */
  maxParallel?: number
}

export type OutputsOfTarget<J, P = never> = [P] extends [never]
  ? [J] extends [never]
    ? UnknownOutputs
    : OutputsOf<J>
  : OutputsOfPipeline<P>

/** Of what is no list nothing can be gone through. */
export type ListOnly<List> =
  IsOpen<ValueOf<List>> extends true
    ? unknown
    : [ValueOf<List>] extends [readonly unknown[]]
      ? unknown
      : ExprOf<readonly unknown[]>

/** The compiler lets a returned object have fields that nobody knows. */
export type NothingElse<Names extends PropertyKey> = {
  [Name in Names]?: Name extends
    | keyof StepSettings
    | keyof EachSettings
    | keyof JobIdTarget
    | 'pipeline'
    | 'inputs'
    ? unknown
    : never
}

/** What the function of `step.each` returns. */
export type EachOptions<
  J extends AnyJobType,
  Failing,
  Names extends PropertyKey,
  P extends AnyPipeline = never,
> = StepOptions<J, P> & EachSettings & { onFailure?: Failing } & NothingElse<Names>

/** Adds a step to the pipeline. */
export interface DefineStep {
  <const J extends AnyJobType = never, P extends AnyPipeline = never>(
    name: string,
    options: StepOptions<J, P>,
  ): Step<OutputsOfTarget<J, P>>
  /** A step that runs once for each item of a list. `define` is called once, with what stands for an item and its index. */
  each<
    List,
    const J extends AnyJobType = never,
    Failing extends 'fail' | 'continue' = 'fail',
    Names extends PropertyKey = never,
    P extends AnyPipeline = never,
  >(
    name: string,
    list: List & NoInfer<ListOnly<List>>,
    define: (item: Expr<ItemOf<ValueOf<List>>>, index: Expr<number>) => EachOptions<J, Failing, Names, P>,
  ): Step<EachOutputs<OutputsOfTarget<J, P>, Failing>>
}
