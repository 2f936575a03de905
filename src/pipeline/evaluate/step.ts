import { type Json, type JsonObject, jsonBytes } from '../../base/json.ts'
import {
  graphLimits,
  isNested,
  type NestedTarget,
  nestedInputs,
  type PlanStep,
  type PlanValue,
  StepFailure,
} from '../plan/index.ts'

/** What a step's run is made of. */
export type ResolvedStep = ResolvedJob | ResolvedPipeline

/** What a pipeline run is made of, beside its plan: every declared input that has a value. */
export interface ResolvedPipeline {
  inputs: Record<string, Json>
  /** Of the inputs. */
  bytes: number
}

/** What a job run is made of. */
export interface ResolvedJob {
  target: { jobType: string } | { jobId: string }
  config: JsonObject | null
  /** Of the config. */
  bytes: number
}

/** The values that a step's run is made of. */
export function valuesOf({ config, target }: PlanStep): PlanValue[] {
  if (target.kind === 'pipeline') return target.inputs ? [target.inputs] : []
  return [...(config ? [config] : []), ...(target.kind === 'job_id' ? [target.jobId] : [])]
}

/** The list of a `for_each`. @throws StepFailure when it is none */
export function listOf(value: Json): Json[] {
  if (!Array.isArray(value))
    throw new StepFailure(
      'for_each_not_a_list',
      `for_each needs a list, found ${value === null ? 'null' : typeof value}`,
    )
  return value
}

/** @param evaluate of the plan's values, for the item in question. @throws StepFailure, and what `evaluate` throws */
export function resolveStep(step: PlanStep, evaluate: (value: PlanValue) => Json): ResolvedStep {
  if (isNested(step)) return resolvePipeline(step.target, evaluate)
  const config = step.config ? evaluate(step.config) : null
  if (config !== null && (typeof config !== 'object' || Array.isArray(config)))
    throw new StepFailure(
      'config_not_an_object',
      `config must be an object, found ${Array.isArray(config) ? 'a list' : typeof config}`,
    )
  const bytes = jsonBytes(config)
  if (bytes > graphLimits.configBytes)
    throw new StepFailure(
      'config_too_large',
      `the evaluated config has ${bytes} bytes; the limit is ${graphLimits.configBytes}`,
    )
  return { target: resolveTarget(step, evaluate), config, bytes }
}

function resolvePipeline(
  { pipeline, inputs }: NestedTarget,
  evaluate: (value: PlanValue) => Json,
): ResolvedPipeline {
  const given = inputs ? evaluate(inputs) : {}
  if (given === null || typeof given !== 'object' || Array.isArray(given))
    throw new StepFailure('wrong_input', 'the inputs of a pipeline must be an object')
  const resolved = nestedInputs(pipeline, given)
  if ('error' in resolved) throw new StepFailure(resolved.error.code, resolved.error.message)
  return { inputs: resolved.inputs, bytes: jsonBytes(resolved.inputs) }
}

function resolveTarget(step: PlanStep, evaluate: (value: PlanValue) => Json): ResolvedJob['target'] {
  if (step.target.kind === 'job_type') return { jobType: step.target.jobType }
  if (step.target.kind === 'pipeline') throw new Error('a step that runs a pipeline has no job')
  const jobId = evaluate(step.target.jobId)
  if (typeof jobId !== 'string')
    throw new StepFailure(
      'job_id_not_text',
      `job_id must be text, found ${jobId === null ? 'null' : typeof jobId}`,
    )
  return { jobId }
}
