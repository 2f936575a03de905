import type { JobTypes } from './job-types.ts'
import type { Expr, Lift, OpenFields } from './values.ts'

declare const shapeOfJobType: unique symbol

/** What a job type takes and gives. */
export interface JobTypeShape {
  config?: object
  outputs?: object
}

/** A job type that `JobTypes` does not have: what `otherJobType` makes. */
export interface OtherJobType<out Shape extends JobTypeShape> {
  readonly jobType: string
  readonly [shapeOfJobType]?: Shape
}

/** A schema of any zod 4. */
export interface ZodSchema {
  readonly _zod: { readonly input: unknown; readonly output: unknown }
}

/** What `defineJobType` returns, whichever zod its schemas are of. */
export interface DefinedJobType {
  readonly jobType: string
  readonly config: ZodSchema
  readonly outputs?: Readonly<Record<string, ZodSchema>> | undefined
}

/** A name of `JobTypes`; any text while that is empty. */
export type JobTypeName = [keyof JobTypes] extends [never] ? string : keyof JobTypes & string

export type AnyJobType = JobTypeName | DefinedJobType | OtherJobType<JobTypeShape>

export type OutputsOfSchemas<Schemas> = {
  [Name in keyof Schemas]: Schemas[Name] extends ZodSchema ? Schemas[Name]['_zod']['output'] : never
}

export type ShapeOf<J> = J extends keyof JobTypes
  ? JobTypes[J]
  : J extends DefinedJobType
    ? {
        config: J['config']['_zod']['input']
        outputs: OutputsOfSchemas<NonNullable<J['outputs']>>
      }
    : J extends OtherJobType<infer Shape>
      ? Shape
      : object

/** What a run of it is given. */
export type ConfigOf<J, Unknown = UnknownConfig> =
  ShapeOf<J> extends { config: infer Config } ? Config : Unknown

/** What a run of it gives, by name. */
export type OutputsOf<J, Unknown = UnknownOutputs> =
  ShapeOf<J> extends { outputs: infer Outputs } ? Outputs : Unknown

/** What a step may be given as its config. */
export type LiftedConfig<J> = ShapeOf<J> extends { config: infer Config } ? Lift<Config> : UnknownConfig

/** Of a job type of which nothing is known. */
export interface UnknownConfig {
  readonly [field: string]: unknown
}

/** Of a job type of which nothing is known. */
export interface UnknownOutputs {
  [name: string]: unknown
}

/** Outputs as a later step reads them. */
export type LiftedOutputs<Outputs> = string extends keyof Outputs
  ? OpenFields
  : { readonly [Name in keyof Outputs]-?: Expr<Exclude<Outputs[Name], undefined>> }

/** Of a step that runs for each item: a list, with null where an item has none. */
export type EachOutputs<Outputs, Failing> = {
  [Name in keyof Outputs]-?: ('continue' extends Failing
    ? Exclude<Outputs[Name], undefined> | null
    : Exclude<Outputs[Name], undefined>)[]
}

/**
 * A job type that `JobTypes` does not have, with what is known of it.
 *
 * @example
 * ```ts
 * import { otherJobType } from 'jobwright'
 *
 * export const scan = otherJobType<{ config: { path: string }; outputs: { hits: string[] } }>('scan')
 * ```
 */
export function otherJobType<Shape extends JobTypeShape>(jobType: string): OtherJobType<Shape> {
  return Object.freeze({ jobType })
}
