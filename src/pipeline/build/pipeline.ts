import type { CompiledPipeline, CompileOptions } from '../compile/compile.ts'

/** Never there: it carries types only. */
declare const typesOf: unique symbol

/**
 * A pipeline that was written in code: what `definePipeline` makes. It is data, and it compiles to the plan that the same pipeline in
 * YAML compiles to.
 *
 * `Inputs`: what a run of it is given, those with a default optional. `Outputs`: what a completed run gives.
 */
export interface Pipeline<in Inputs, out Outputs> {
  readonly name: string
  /** Never throws: every problem is a finding at the line that wrote it. */
  compile(options?: CompileOptions): CompiledPipeline
  /** The same as a pipeline file. @throws JobwrightError `invalid_pipeline` when it has errors */
  toYaml(): string
  readonly [typesOf]?: { inputs(given: Inputs): void; outputs: Outputs }
}

/** Whatever its inputs and outputs are. */
export type AnyPipeline = Pipeline<never, unknown>

/** Shared by all copies of this package that a program loads. */
export const pipelineBrand = Symbol.for('jobwright.pipeline')

/** Whether a value is what `definePipeline` returns. */
export function isPipeline(value: unknown): value is AnyPipeline {
  return typeof value === 'object' && value !== null && Object.hasOwn(value, pipelineBrand)
}
