import type { Json } from '../base/json.ts'
import { evaluateCondition } from '../expressions/evaluate.ts'
import {
  type Each,
  evaluateValue,
  missingOutputs,
  type Read,
  resolveOutput,
  scopeOf,
} from '../pipeline/evaluate/index.ts'
import { type PlanStep, type PlanValue, summarizeNeeds } from '../pipeline/plan/index.ts'
import type { Execution } from './execution.ts'
import { loadOutputs } from './outputs.ts'

/** Evaluates a value after fetching what its expressions read. */
export async function evaluate(execution: Execution, value: PlanValue): Promise<Json> {
  for (let wait = prepare(execution, [value]); wait; wait = prepare(execution, [value])) await wait
  return evaluateNow(execution, value)
}

/**
 * Makes sure that values can be evaluated at once: undefined when they can, else what to wait for before asking again.
 * Not an async function, and used where each step comes by: a promise costs a workflow more than an evaluation.
 */
export function prepare(execution: Execution, values: readonly PlanValue[]): Promise<void> | undefined {
  return prepareReads(execution, values.flatMap(execution.reads.ofValue))
}

/** Evaluates what `prepare` has found ready. */
export function evaluateNow(execution: Execution, value: PlanValue, each?: Each): Json {
  const { data, pace } = execution
  return evaluateValue(
    value,
    scopeOf(data, each),
    (step, name) => resolveOutput(data, step, name),
    pace.weigh,
  )
}

/** Evaluates a step's `if` after fetching what it reads. */
export async function evaluateIf(execution: Execution, step: PlanStep, source: string): Promise<boolean> {
  const { data, pace, schedule, state } = execution
  const reads = execution.reads.ofExpression(source)
  for (let wait = prepareReads(execution, reads); wait; wait = prepareReads(execution, reads)) await wait
  const needs = summarizeNeeds(schedule.needsOf(step), state)
  const cancelled = state.cancelRequested || execution.scope.consideredCancelled
  return evaluateCondition(source, scopeOf(data), { ...needs, cancelled }, pace.weigh)
}

/** Looked at anew after each wait, since all who waited for the same go on together. */
function prepareReads(execution: Execution, reads: readonly Read[]): Promise<void> | undefined {
  const missing = missingOutputs(execution.state, reads)
  if (missing.length > 0) return loadOutputs(execution, missing)
  return execution.pace.isBusy() ? execution.pace.nextTask() : undefined
}
