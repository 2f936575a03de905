import { type Json, type JsonObject, jsonBytes } from '../../base/json.ts'
import { type PlanStep, type PlanValue, StepFailure } from '../plan/index.ts'

const maxConfigBytes = 1024 * 1024

/** What a job run is made of. */
export interface ResolvedStep {
  target: { jobType: string } | { jobId: string }
  config: JsonObject | null
  /** Of the config. */
  bytes: number
}

/** The values that a step's job run is made of. */
export function valuesOf({ config, target }: PlanStep): PlanValue[] {
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
  const config = step.config ? evaluate(step.config) : null
  if (config !== null && (typeof config !== 'object' || Array.isArray(config)))
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
  return { target: resolveTarget(step, evaluate), config, bytes }
}

function resolveTarget(step: PlanStep, evaluate: (value: PlanValue) => Json): ResolvedStep['target'] {
  if (step.target.kind === 'job_type') return { jobType: step.target.jobType }
  const jobId = evaluate(step.target.jobId)
  if (typeof jobId !== 'string')
    throw new StepFailure(
      'job_id_not_text',
      `job_id must be text, found ${jobId === null ? 'null' : typeof jobId}`,
    )
  return { jobId }
}
