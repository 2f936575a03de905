import { createHash } from 'node:crypto'
import { canonicalJson, type Json } from '../base/json.ts'
import type { StepIdentity } from './types.ts'

function sha256(parts: Json[]): string {
  return createHash('sha256').update(canonicalJson(parts)).digest('hex')
}

/** One remote run per step, item and generation of one pipeline run, whoever sends it and how often. */
export function runKey(workflow: { namespace: string; workflowId: string }, step: StepIdentity): string {
  return sha256([
    workflow.namespace,
    workflow.workflowId,
    step.firstExecutionRunId,
    step.step,
    step.item,
    step.generation,
  ])
}

/**
 * One saved job per pipeline, step and content, so that repeated runs do not pile up equal jobs. One that is named is another
 * request, and so has another key.
 */
export function jobKey(pipeline: string, step: string, config: Json, name: string | undefined): string {
  return sha256([pipeline, step, config, ...(name === undefined ? [] : [name])])
}
