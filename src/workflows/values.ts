import type { Json } from '../base/json.ts'
import {
  ExpressionError,
  type ExpressionScope,
  evaluateCondition,
  outputsReadBy,
} from '../expressions/evaluate.ts'
import { evaluateValue } from '../pipeline/evaluate/value.ts'
import {
  type ItemState,
  isDone,
  type OutputSlot,
  type PlanStep,
  type PlanValue,
  stepState,
  summarizeNeeds,
} from '../pipeline/plan/index.ts'
import { readOutputs } from '../remote-run/index.ts'
import type { Run } from './run.ts'

/** One fetch brings at most this much, and a run reads at most that much by expressions at once. */
const bytesPerFetch = 1024 * 1024
const bytesPerRead = 8 * 1024 * 1024
/** An inlined output up to this size is passed on as a value, any other as a reference. */
const passedByValueBytes = 1024

/** What expressions see. Values that were not loaded are not there; `load` comes first. */
function scopeOf(run: Run, item?: { value: Json; index: number }): ExpressionScope {
  const steps: ExpressionScope['steps'] = {}
  for (const step of run.plan.steps) {
    const own = stepState(run.state, step.id)
    const items = own.items ?? []
    const only = items[0]
    run.pace.count(items.length)
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
    const slots = items.map((item) => slotOf(item, name))
    if (step.forEach) values[name] = slots.map((slot) => (slot && 'value' in slot ? slot.value : null))
    else if (slots[0] && 'value' in slots[0]) values[name] = slots[0].value
  }
  return values
}

/** An output passed whole into a config: its value where it is small, else a reference that the handler's worker resolves. */
function resolveOutput(run: Run, stepId: string, name: string): Json {
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

function slotOf(item: ItemState, name: string): OutputSlot | undefined {
  return Object.hasOwn(item.outputs, name) ? item.outputs[name] : undefined
}

/** Decided by what never changes: a config must come out the same when it is evaluated again in a later execution. */
function isPassedByValue(slot: OutputSlot): boolean {
  return slot.inlined && slot.sizeBytes <= passedByValueBytes
}

function passOn(item: ItemState, name: string): Json | undefined {
  const slot = slotOf(item, name)
  if (!slot) return undefined
  if ('value' in slot && isPassedByValue(slot)) return slot.value
  return { $output: { job_run_id: item.jobRunId, name } }
}

/** Evaluates a value after fetching what its expressions read. */
export async function evaluate(run: Run, value: PlanValue): Promise<Json> {
  for (let wait = prepare(run, [value]); wait; wait = prepare(run, [value])) await wait
  return evaluateNow(run, value)
}

/**
 * Makes sure that values can be evaluated at once: undefined when they can, else what to wait for before asking again.
 * Not an async function, and used where each step comes by: a promise costs a workflow more than an evaluation.
 */
export function prepare(run: Run, values: readonly PlanValue[]): Promise<void> | undefined {
  return prepareReads(
    run,
    values.flatMap((value) => readsOf(run, value)),
  )
}

/** Evaluates what `prepare` has found ready. */
export function evaluateNow(run: Run, value: PlanValue, item?: { value: Json; index: number }): Json {
  return evaluateValue(
    value,
    scopeOf(run, item),
    (step, name) => resolveOutput(run, step, name),
    run.pace.count,
  )
}

/** Evaluates a step's `if` after fetching what it reads. */
export async function evaluateIf(run: Run, step: PlanStep, source: string): Promise<boolean> {
  const reads = expressionReads(run, source)
  for (let wait = prepareReads(run, reads); wait; wait = prepareReads(run, reads)) await wait
  return evaluateCondition(source, scopeOf(run), summarizeNeeds(run.plan, run.state, step), run.pace.count)
}

/** Looked at anew after each wait, since all who waited for the same go on together. */
function prepareReads(run: Run, reads: readonly Read[]): Promise<void> | undefined {
  const missing = reads.flatMap((read) => missingOf(run, read))
  if (missing.length > 0) return load(run, missing)
  return run.pace.isBusy() ? run.pace.nextTask() : undefined
}

/** An output whose value is needed; `passed`: only where it is passed on as a value. */
interface Read {
  step: string
  name: string
  passed: boolean
}

function expressionReads(run: Run, source: string): Read[] {
  let reads = run.readsOfSources.get(source)
  if (!reads) {
    reads = outputsReadBy(source).map((read) => ({ ...read, passed: false }))
    run.readsOfSources.set(source, reads)
  }
  return reads
}

function readsOf(run: Run, value: PlanValue): Read[] {
  switch (value.kind) {
    case 'expression':
      return expressionReads(run, value.source)
    case 'text':
      return value.parts.flatMap((part) =>
        typeof part === 'string' ? [] : expressionReads(run, part.source),
      )
    case 'list':
      return value.items.flatMap((item) => readsOf(run, item))
    case 'object':
      return value.entries.flatMap((entry) => readsOf(run, entry.value))
    case 'output':
      return [{ step: value.step, name: value.name, passed: true }]
    case 'literal':
    case 'secret':
      return []
  }
}

interface Missing {
  item: ItemState
  name: string
  jobRunId: string
  sizeBytes: number
  inlined: boolean
}

/**
 * Fetches outputs that came, or were carried over, as references.
 * @throws ExpressionError when they are too large together
 */
async function load(run: Run, missing: readonly Missing[]): Promise<void> {
  const total = missing.reduce((sum, each) => sum + each.sizeBytes, 0)
  if (total > bytesPerRead)
    throw new ExpressionError(
      'outputs_too_large',
      `the outputs it reads have ${total} bytes together; an expression can read ${bytesPerRead}`,
    )
  // Items that begin together read the same: what is being fetched is waited for, not fetched once for each.
  for (const batch of batches(missing.filter((each) => !run.fetching.has(keyOf(each))))) {
    const work = fetchOutputs(run, batch).finally(() => {
      for (const each of batch) run.fetching.delete(keyOf(each))
    })
    for (const each of batch) run.fetching.set(keyOf(each), work)
  }
  await Promise.all(missing.map((each) => run.fetching.get(keyOf(each))))
}

function keyOf({ jobRunId, name }: Missing): string {
  return `${jobRunId}/${name}`
}

async function fetchOutputs(run: Run, batch: readonly Missing[]): Promise<void> {
  run.fetchedBytes += batch.reduce((sum, each) => sum + each.sizeBytes, 0)
  const values = await readOutputs(
    run.connection,
    batch.map(({ jobRunId, name }) => ({ jobRunId, name })),
    run.timing,
  )
  batch.forEach(({ item, name, sizeBytes, inlined }, index) => {
    item.outputs[name] = { value: values[index] ?? null, sizeBytes, inlined }
  })
}

function missingOf(run: Run, { step, name, passed }: Read): Missing[] {
  const own = stepState(run.state, step)
  if (!isDone(own.status)) return []
  return (own.items ?? []).flatMap((item) => {
    const slot = slotOf(item, name)
    if (!slot || 'value' in slot || (passed && !isPassedByValue(slot))) return []
    return [{ item, name, ...slot }]
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
