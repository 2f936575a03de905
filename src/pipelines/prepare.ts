import type { Json } from '../base/json.ts'
import type { AnyPipeline, Pipeline, PipelinePlan } from '../pipeline/index.ts'
import { askInTime, changedJobTypes } from './changed-job-types.ts'
import type { PipelinesContext } from './options.ts'

/** What can be started: a pipeline that was written in code, or the plan that a pipeline file was compiled to. */
export type StartablePipeline = AnyPipeline | PipelinePlan

/** A plan and inputs that a run can be started with. */
export interface Prepared {
  plan: PipelinePlan
  inputs: Record<string, Json>
  /** What the server has changed since the plan was compiled. */
  warnings: string[]
}

/**
 * Compiles what is code, against what the server has now; of a plan it is said what has changed there. Checks the inputs.
 * @throws PipelineFindingsError
 */
export async function prepare(
  context: Pick<PipelinesContext, 'jobTypes' | 'schemasTimeoutMs'>,
  pipeline: StartablePipeline,
  given: unknown,
): Promise<Prepared> {
  // Who only looks at runs does without the compiler.
  const { checkPlan, PipelineFindingsError, resolveInputs } = await import('../pipeline/index.ts')
  const { plan, warnings } = isCode(pipeline) ? await compile(pipeline) : await compare(pipeline)
  const { inputs, findings } = resolveInputs(plan, (given ?? {}) as Record<string, Json>)
  if (!inputs) throw new PipelineFindingsError('invalid_inputs', plan.name, findings)
  return { plan, inputs, warnings }

  async function compile(code: AnyPipeline): Promise<Omit<Prepared, 'inputs'>> {
    const jobTypes = await askInTime(context)
    const compiled = code.compile(jobTypes ? { jobTypes } : {})
    if (!compiled.plan) throw new PipelineFindingsError('invalid_pipeline', code.name, compiled.findings)
    return { plan: compiled.plan, warnings: [] }
  }

  /** It may have come from a file or over the wire, and a worker would find out in the middle. */
  async function compare(sent: PipelinePlan): Promise<Omit<Prepared, 'inputs'>> {
    const { plan, findings } = checkPlan(sent)
    if (!plan) throw new PipelineFindingsError('invalid_pipeline', nameOf(sent), findings)
    return { plan, warnings: await changedJobTypes(plan, () => askInTime(context)) }
  }
}

export function isCode(pipeline: StartablePipeline): pipeline is Pipeline<never, unknown> {
  return typeof pipeline === 'object' && pipeline !== null && 'compile' in pipeline
}

function nameOf(sent: unknown): string {
  const named = typeof sent === 'object' && sent !== null && 'name' in sent ? sent.name : undefined
  return typeof named === 'string' ? named : 'without a name'
}
