import { ExpressionError, type ExpressionScope, evaluateValue } from '../expressions/evaluate.ts'
import {
  type ItemState,
  isDone,
  type Json,
  neverSpilledBytes,
  type OutputSlot,
  type PlanStep,
  type PlanValue,
  stepState,
} from '../pipeline/plan/index.ts'
import { readOutputs } from './remote-run.ts'
import type { Run } from './run.ts'

/** One fetch brings at most this much, and a run reads at most that much by expressions at once. */
const bytesPerFetch = 1024 * 1024
const bytesPerRead = 8 * 1024 * 1024

/** What expressions see. Values that were not loaded are not there; `loadValues` comes first. */
export function scopeOf(run: Run, item?: { value: Json; index: number }): ExpressionScope {
  const steps: ExpressionScope['steps'] = {}
  for (const step of run.plan.steps) {
    const own = stepState(run.state, step.id)
    const items = own.items ?? []
    const only = items[0]
    steps[step.id] = {
      status: own.status,
      outputs: outputValues(step, items),
      run: step.forEach ? items.map((each) => each.run) : (only?.run ?? null),
      job: step.forEach ? items.map(jobOf) : only ? jobOf(only) : null,
    }
  }
  return {
    inputs: run.inputs,
    steps,
    pipeline: { run_id: run.id, started_at: new Date(run.state.startedAtMs).toISOString() },
    ...(item ? { item: item.value, index: item.index } : {}),
  }
}

function jobOf(item: ItemState): Json {
  return item.jobId === null ? null : { uuid: item.jobId }
}

/** Of a `for_each` step the list in item order, null where an item has no such output. */
function outputValues(step: PlanStep, items: readonly ItemState[]): Record<string, Json> {
  const values: Record<string, Json> = {}
  for (const name of step.valueOutputs) {
    const slots = items.map((item) => (Object.hasOwn(item.outputs, name) ? item.outputs[name] : undefined))
    if (step.forEach) values[name] = slots.map((slot) => (slot && 'value' in slot ? slot.value : null))
    else if (slots[0] && 'value' in slots[0]) values[name] = slots[0].value
  }
  return values
}

/** An output passed whole into a config: its value where it was inlined, else a reference that the handler's worker resolves. */
export function resolveOutput(run: Run, stepId: string, name: string): Json {
  const step = run.plan.steps.find((candidate) => candidate.id === stepId)
  const items = stepState(run.state, stepId).items ?? []
  if (step?.forEach) return items.map((item) => passOn(item, name) ?? null)
  const value = items[0] && passOn(items[0], name)
  if (value === undefined)
    throw new ExpressionError(
      'missing_output',
      `step ${stepId} (${stepState(run.state, stepId).status}) has no output named ${name}`,
    )
  return value
}

/** Decided by size alone: a config evaluated again after its values were spilled must come out the same. */
function passOn(item: ItemState, name: string): Json | undefined {
  const slot: OutputSlot | undefined = Object.hasOwn(item.outputs, name) ? item.outputs[name] : undefined
  if (!slot) return undefined
  if ('value' in slot && slot.sizeBytes <= neverSpilledBytes) return slot.value
  return { $output: { job_run_id: item.jobRunId, name } }
}

/** Evaluates a value after fetching what its expressions read. */
export async function evaluate(
  run: Run,
  value: PlanValue,
  item?: { value: Json; index: number },
): Promise<Json> {
  await loadValues(run, sourcesOf(value))
  return evaluateValue(value, scopeOf(run, item), (step, name) => resolveOutput(run, step, name))
}

/** The CEL sources in a value. */
function sourcesOf(value: PlanValue): string[] {
  switch (value.kind) {
    case 'expression':
      return [value.source]
    case 'text':
      return value.parts.flatMap((part) => (typeof part === 'string' ? [] : [part.source]))
    case 'list':
      return value.items.flatMap(sourcesOf)
    case 'object':
      return value.entries.flatMap((entry) => sourcesOf(entry.value))
    case 'literal':
    case 'output':
    case 'secret':
      return []
  }
}

interface Missing {
  item: ItemState
  name: string
  jobRunId: string
  sizeBytes: number
}

/**
 * Fetches outputs that the sources may read and that came, or were carried over, as references.
 * @throws ExpressionError when they are too large together
 */
export async function loadValues(run: Run, sources: readonly string[]): Promise<void> {
  const missing = run.plan.steps
    .filter(
      (step) =>
        isDone(stepState(run.state, step.id).status) && sources.some((source) => source.includes(step.id)),
    )
    .flatMap((step) => (stepState(run.state, step.id).items ?? []).flatMap((item) => missingOf(step, item)))
  const total = missing.reduce((sum, each) => sum + each.sizeBytes, 0)
  if (total > bytesPerRead)
    throw new ExpressionError(
      'outputs_too_large',
      `the outputs it reads have ${total} bytes together; an expression can read ${bytesPerRead}`,
    )
  for (const batch of batches(missing)) {
    const values = await readOutputs(
      run.connection,
      batch.map(({ jobRunId, name }) => ({ jobRunId, name })),
      run.timing,
    )
    batch.forEach(({ item, name, sizeBytes }, index) => {
      item.outputs[name] = { value: values[index] ?? null, sizeBytes }
    })
  }
}

function missingOf(step: PlanStep, item: ItemState): Missing[] {
  return step.valueOutputs.flatMap((name) => {
    const slot = Object.hasOwn(item.outputs, name) ? item.outputs[name] : undefined
    return slot && !('value' in slot)
      ? [{ item, name, jobRunId: slot.jobRunId, sizeBytes: slot.sizeBytes }]
      : []
  })
}

function batches(missing: readonly Missing[]): Missing[][] {
  const result: Missing[][] = []
  let bytes = Number.POSITIVE_INFINITY
  for (const each of missing) {
    if (bytes + each.sizeBytes > bytesPerFetch) {
      result.push([])
      bytes = 0
    }
    result.at(-1)?.push(each)
    bytes += each.sizeBytes
  }
  return result
}
