import type { Json } from '../base/json.ts'
import type { AnyPipeline, CompileOptions, Pipeline, PipelinePlan } from '../pipeline/index.ts'
import { PipelineFindingsError } from './errors.ts'

/** What can be started: a pipeline that was written in code, or the plan that a pipeline file was compiled to. */
export type StartablePipeline = AnyPipeline | PipelinePlan

/** A plan and inputs that a run can be started with. */
export interface Prepared {
  plan: PipelinePlan
  inputs: Record<string, Json>
}

/** Compiles what is code, and checks the inputs. @throws PipelineFindingsError */
export async function prepare(
  compileOptions: () => Promise<CompileOptions>,
  pipeline: StartablePipeline,
  given: unknown,
): Promise<Prepared> {
  // Who only looks at runs does without the compiler.
  const { resolveInputs } = await import('../pipeline/index.ts')
  const plan = isCode(pipeline) ? compiled(pipeline, await compileOptions()) : pipeline
  const { inputs, findings } = resolveInputs(plan, (given ?? {}) as Record<string, Json>)
  if (!inputs) throw new PipelineFindingsError('invalid_inputs', plan.name, findings)
  return { plan, inputs }
}

function isCode(pipeline: StartablePipeline): pipeline is Pipeline<never, unknown> {
  return 'compile' in pipeline
}

function compiled(pipeline: AnyPipeline, options: CompileOptions): PipelinePlan {
  const { plan, findings } = pipeline.compile(options)
  if (!plan) throw new PipelineFindingsError('invalid_pipeline', pipeline.name, findings)
  return plan
}
