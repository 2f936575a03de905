import type { Json } from '../base/json.ts'
import { evaluateCondition } from '../expressions/evaluate.ts'
import {
  dataFor,
  type Each,
  evaluateValue,
  explainMissing,
  missingOutputs,
  type PipelineData,
  type Read,
  resolveOutput,
  scopeOf,
} from '../pipeline/evaluate/index.ts'
import { type PlanStep, type PlanValue, summarizeNeeds } from '../pipeline/plan/index.ts'
import type { Execution } from './execution.ts'
import { loadOutputs } from './outputs.ts'

/** Evaluates a value of a step, or of the pipeline's outputs, after fetching what its expressions read. */
export async function evaluate(execution: Execution, value: PlanValue, step?: PlanStep): Promise<Json> {
  for (let wait = prepare(execution, [value], step); wait; wait = prepare(execution, [value], step))
    await wait
  return evaluateNow(execution, value, { step })
}

/**
 * Makes sure that values can be evaluated at once: undefined when they can, else what to wait for before asking again.
 * Not an async function, and used where each step comes by: a promise costs a workflow more than an evaluation.
 */
export function prepare(
  execution: Execution,
  values: readonly PlanValue[],
  step?: PlanStep,
): Promise<void> | undefined {
  return prepareReads(execution, values.flatMap(execution.reads.ofValue), dataFor(execution.data, step))
}

/** Evaluates what `prepare` has found ready. */
export function evaluateNow(
  execution: Execution,
  value: PlanValue,
  { step: owner, each }: { step?: PlanStep | undefined; each?: Each | undefined },
): Json {
  const { pace } = execution
  const data = dataFor(execution.data, owner)
  const resolve = (step: string, name: string) => resolveOutput(data, step, name)
  try {
    return evaluateValue(value, scopeOf(data, each), resolve, pace.weigh)
  } catch (error) {
    throw explainMissing(data, execution.reads.ofValue(value), error)
  }
}

/** Makes sure that a step's `if` can be evaluated at once, as `prepare` does for values. */
export function prepareIf(execution: Execution, step: PlanStep, source: string): Promise<void> | undefined {
  return prepareReads(execution, execution.reads.ofExpression(source), dataFor(execution.data, step))
}

/** Evaluates an `if` that `prepareIf` has found ready. */
export function evaluateIfNow(execution: Execution, step: PlanStep, source: string): boolean {
  const { pace, schedule, state } = execution
  const data = dataFor(execution.data, step)
  const needs = summarizeNeeds(schedule.needsOf(step), state, step.start)
  const cancelled = state.cancelRequested || execution.scope.consideredCancelled
  try {
    return evaluateCondition(source, scopeOf(data), { ...needs, cancelled }, pace.weigh)
  } catch (error) {
    throw explainMissing(data, execution.reads.ofExpression(source), error)
  }
}

/** Evaluates a step's `if` after fetching what it reads. */
export async function evaluateIf(execution: Execution, step: PlanStep, source: string): Promise<boolean> {
  for (let wait = prepareIf(execution, step, source); wait; wait = prepareIf(execution, step, source))
    await wait
  return evaluateIfNow(execution, step, source)
}

/** Looked at anew after each wait, since all who waited for the same go on together. */
function prepareReads(
  execution: Execution,
  reads: readonly Read[],
  data: PipelineData,
): Promise<void> | undefined {
  const missing = missingOutputs(data, reads)
  if (missing.length > 0) return loadOutputs(execution, missing)
  return execution.pace.isBusy() ? execution.pace.nextTask() : undefined
}
