import type { RetryReason } from '../plan/types.ts'
import type {
  AnyJobType,
  ConfigOf,
  EachOutputs,
  LiftedOutputs,
  OutputsOf,
  UnknownOutputs,
} from './job-type-types.ts'
import type { Expr, ExprOf, IsOpen, ItemOf, ValueOf } from './values.ts'

/** `500ms`, `5s`, `30m`, `2h`, `7d`. */
export type Duration = `${number}${'ms' | 's' | 'm' | 'h' | 'd'}`

export interface RetryOptions {
  /** How many generations there are at most, the first one counted. */
  attempts?: number
  /** The wait before the second generation; it doubles after that. */
  backoff?: Duration
  /** Which ends are tried again; all of them by default. */
  on?: readonly RetryReason[]
}

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

/** What every step may say. */
export interface StepSettings {
  /** Steps that must be done before, besides those whose values are used. */
  needs?: readonly AnyStep[]
  if?: ExprOf<boolean>
  timeout?: Duration
  retry?: RetryOptions
  /** @default 'fail' */
  onFailure?: 'fail' | 'continue'
}

/** Creates a job of this type, and runs it. */
export interface JobTypeTarget<J> {
  jobType: J
  config?: ConfigOf<J> | ExprOf<object>
  jobId?: never
}

/** Runs a job that exists; the config is merged over its own. */
export interface JobIdTarget {
  jobId: string | ExprOf<string>
  config?: { readonly [field: string]: unknown } | ExprOf<object>
  jobType?: never
}

/** What a step runs: no union, since the compiler then says of a wrong value where it stands. */
export type TargetOf<J> = [J] extends [never] ? JobIdTarget : JobTypeTarget<J>

/** What says which kind of target is meant. */
export interface Targeted<J> {
  jobType?: J
}

export type StepOptions<J extends AnyJobType> = Targeted<J> & StepSettings & TargetOf<J>

export interface EachSettings {
  /** How many items run at once. @default 10 */
  maxParallel?: number
}

export type OutputsOfTarget<J> = [J] extends [never] ? UnknownOutputs : OutputsOf<J>

/** Of what is no list nothing can be gone through. */
export type ListOnly<List> =
  IsOpen<ValueOf<List>> extends true
    ? unknown
    : [ValueOf<List>] extends [readonly unknown[]]
      ? unknown
      : ExprOf<readonly unknown[]>

/** The compiler lets a returned object have fields that nobody knows. */
export type NothingElse<Names extends PropertyKey> = {
  [Name in Names]?: Name extends keyof StepSettings | keyof EachSettings | keyof JobIdTarget ? unknown : never
}

/** What the function of `step.each` returns. */
export type EachOptions<J extends AnyJobType, Failing, Names extends PropertyKey> = StepOptions<J> &
  EachSettings & { onFailure?: Failing } & NothingElse<Names>

/** Adds a step to the pipeline. */
export interface DefineStep {
  <const J extends AnyJobType = never>(name: string, options: StepOptions<J>): Step<OutputsOfTarget<J>>
  /** A step that runs once for each item of a list. `define` is called once, with what stands for an item and its index. */
  each<
    List,
    const J extends AnyJobType = never,
    Failing extends 'fail' | 'continue' = 'fail',
    Names extends PropertyKey = never,
  >(
    name: string,
    list: List & NoInfer<ListOnly<List>>,
    define: (item: Expr<ItemOf<ValueOf<List>>>, index: Expr<number>) => EachOptions<J, Failing, Names>,
  ): Step<EachOutputs<OutputsOfTarget<J>, Failing>>
}
