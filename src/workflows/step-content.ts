import { type Json, jsonBytes } from '../base/json.ts'
import type { Each } from '../pipeline/evaluate/index.ts'
import {
  isNested,
  type NestedTarget,
  nestedInputs,
  type PlanStep,
  type PlanValue,
} from '../pipeline/plan/index.ts'
import type { RemoteRunRequest } from '../remote-run/index.ts'
import { evaluateNow } from './evaluation.ts'
import type { Execution } from './execution.ts'
import { StepFailure } from './step-failure.ts'

/** What a step's run is made of, evaluated: a job's, or a pipeline's. */
export type StepContent = { bytes: number } & (
  | ({ kind: 'job' } & Pick<RemoteRunRequest, 'target' | 'config'>)
  | { kind: 'pipeline'; inputs: Record<string, Json> }
)

const maxConfigBytes = 1024 * 1024

/** The values that have to be ready before. */
export function valuesOf({ config, target }: PlanStep): PlanValue[] {
  const own = config ? [config] : []
  switch (target.kind) {
    case 'job_id':
      return [...own, target.jobId]
    case 'pipeline':
      return target.inputs ? [target.inputs] : []
    default:
      return own
  }
}

/** @throws StepFailure for what nothing can be started with */
export function contentOf(execution: Execution, step: PlanStep, each: Each): StepContent {
  const item = step.forEach ? each : undefined
  if (isNested(step)) return pipelineContent(execution, step.target, item)
  const config = step.config ? evaluateNow(execution, step.config, item) : null
  if (config !== null && !isObject(config))
    throw new StepFailure(
      'config_not_an_object',
      `config must be an object, found ${Array.isArray(config) ? 'a list' : typeof config}`,
    )
  const bytes = jsonBytes(config)
  if (bytes > maxConfigBytes)
    throw new StepFailure(
      'config_too_large',
      `the evaluated config has ${bytes} bytes; the limit is ${maxConfigBytes}`,
    )
  return { kind: 'job', target: targetOf(execution, step, item), config, bytes }
}

function isObject(value: Json): value is { [key: string]: Json } {
  return value !== null && typeof value === 'object' && !Array.isArray(value)
}

function pipelineContent(
  execution: Execution,
  { pipeline, inputs }: NestedTarget,
  item: Each | undefined,
): StepContent {
  const given = inputs ? evaluateNow(execution, inputs, item) : {}
  if (!isObject(given)) throw new StepFailure('wrong_input', 'the inputs of a pipeline must be an object')
  const resolved = nestedInputs(pipeline, given)
  if ('error' in resolved) throw new StepFailure(resolved.error.code, resolved.error.message)
  return { kind: 'pipeline', inputs: resolved.inputs, bytes: jsonBytes(resolved.inputs) }
}

function targetOf(
  execution: Execution,
  { target }: PlanStep,
  item: Each | undefined,
): RemoteRunRequest['target'] {
  if (target.kind === 'job_type') return { jobType: target.jobType }
  if (target.kind === 'pipeline') throw new Error('a step that runs a pipeline has no job')
  const jobId = evaluateNow(execution, target.jobId, item)
  if (typeof jobId !== 'string')
    throw new StepFailure(
      'job_id_not_text',
      `job_id must be text, found ${jobId === null ? 'null' : typeof jobId}`,
    )
  return { jobId }
}
