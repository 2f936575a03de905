import type { Json } from '../../base/json.ts'
import { ExpressionError, type ExpressionScope } from '../../expressions/evaluate.ts'
import {
  type ItemState,
  isDone,
  type OutputSlot,
  type PipelinePlan,
  type PipelineRunState,
  type PlanStep,
  type Schedule,
  StepFailure,
  type StepStatus,
  stepState,
} from '../plan/index.ts'
import { refuseReferences } from './value.ts'

/** An inlined output up to this size is passed on as a value, any other as a reference. */
const passedByValueBytes = 1024

/** What the values of a plan are evaluated over. */
export interface PipelineData {
  /** Of the pipeline run. */
  id: string
  step(id: string): PlanStep
  steps: readonly PlanStep[]
  state: PipelineRunState
  inputs: Record<string, Json>
  /** The nominal time of the tick that it is of; absent of one that no schedule started. */
  scheduledForMs?: number
  /** Whether positions in text count characters. */
  characters?: boolean
  /** Steps that are taken for not done, whatever became of them since: as they stood when the step began that reads them. */
  unfinished?: Readonly<Record<string, StepStatus>>
}

/** What the values of a step are evaluated over; of the pipeline's outputs without one. */
export function dataFor(data: PipelineData, step: Pick<PlanStep, 'id'> | undefined): PipelineData {
  const unfinished = step && stepState(data.state, step.id).unfinished
  return unfinished ? { ...data, unfinished } : data
}

type Standing = Pick<PipelineData, 'state' | 'unfinished'>

function statusOf({ state, unfinished = {} }: Standing, id: string): StepStatus {
  return (Object.hasOwn(unfinished, id) ? unfinished[id] : undefined) ?? stepState(state, id).status
}

/** @param run of this id, with these inputs */
export function dataOf(
  plan: PipelinePlan,
  state: PipelineRunState,
  {
    schedule,
    ...run
  }: Pick<PipelineData, 'id' | 'inputs' | 'scheduledForMs'> & { schedule: Pick<Schedule, 'step'> },
): PipelineData {
  return {
    ...run,
    step: schedule.step,
    steps: plan.steps,
    state,
    characters: plan.textPositions === 'characters',
  }
}

/** One element of a `for_each`. */
export interface Each {
  value: Json
  index: number
}

/**
 * What expressions see. Outputs that were not loaded are not there.
 * Only what an expression reads is looked at: with thousands of steps and items all else would be most of the work.
 */
export function scopeOf(data: PipelineData, each?: Each): ExpressionScope {
  return {
    inputs: data.inputs,
    steps: lazily(data.state.steps, (id) => stepScope(data, data.step(id))),
    pipeline: pipelineScope(data),
    ...(each ? { item: each.value, index: each.index } : {}),
    ...(data.characters ? { characters: true } : {}),
  }
}

/** An object with the keys of another one, each value of which is made when it is read. */
function lazily<T>(keys: object, make: (key: string) => T): Record<string, T> {
  const has = (key: string | symbol): key is string => typeof key === 'string' && Object.hasOwn(keys, key)
  return new Proxy<Record<string, T>>(
    {},
    {
      get: (_, key) => (has(key) ? make(key) : undefined),
      has: (_, key) => has(key),
      ownKeys: () => Object.keys(keys),
      getOwnPropertyDescriptor: (_, key) =>
        has(key) ? { configurable: true, enumerable: true, get: () => make(key) } : undefined,
    },
  )
}

function pipelineScope({ id, state, scheduledForMs }: PipelineData): ExpressionScope['pipeline'] {
  return {
    run_id: id,
    started_at: new Date(state.startedAtMs).toISOString(),
    ...(scheduledForMs === undefined ? {} : { scheduled_for: new Date(scheduledForMs).toISOString() }),
  }
}

function stepScope(data: PipelineData, step: PlanStep): ExpressionScope['steps'][string] {
  const status = statusOf(data, step.id)
  if (!isDone(status)) return { status, outputs: {}, run: null, job: null }
  const items = stepState(data.state, step.id).items ?? []
  const [only] = items
  return {
    status,
    get outputs() {
      return outputValues(step, items)
    },
    get run() {
      return step.forEach ? items.map((item) => item.jobRun) : (only?.jobRun ?? null)
    },
    get job() {
      return step.forEach ? items.map(jobOf) : only ? jobOf(only) : null
    },
  }
}

function jobOf(item: ItemState): Json {
  return item.jobId === null ? null : { uuid: item.jobId }
}

/** Of a `for_each` step the list in item order, null where an item has no such output. */
function outputValues(step: PlanStep, items: readonly ItemState[]): Record<string, Json> {
  const values: Record<string, Json> = {}
  const valueIn = (item: ItemState | undefined, name: string) => {
    const slot = item && slotOf(item, name)
    return slot && 'value' in slot ? slot.value : undefined
  }
  for (const name of step.valueOutputs) {
    const get = step.forEach
      ? () => items.map((item) => valueIn(item, name) ?? null)
      : () => valueIn(items[0], name)
    // One that is not there is no key.
    if (step.forEach || valueIn(items[0], name) !== undefined)
      Object.defineProperty(values, name, { enumerable: true, get })
  }
  return values
}

function slotOf(item: ItemState, name: string): OutputSlot | undefined {
  return Object.hasOwn(item.outputs, name) ? item.outputs[name] : undefined
}

/** Decided by what never changes: a config must come out the same when it is evaluated again in a later execution. */
function isPassedByValue(slot: OutputSlot): boolean {
  return slot.inlined && slot.sizeBytes <= passedByValueBytes
}

/** An output passed whole into a config: its value where it is small, else a reference that the handler's worker resolves. */
export function resolveOutput(data: PipelineData, stepId: string, name: string): Json {
  const status = statusOf(data, stepId)
  if (!isDone(status)) throw notReady(stepId, status, name)
  const items = stepState(data.state, stepId).items ?? []
  if (data.step(stepId).forEach) return items.map((item) => passOn(item, name) ?? null)
  const value = items[0] && passOn(items[0], name)
  if (value === undefined)
    throw new ExpressionError('missing_output', `step ${stepId} (${status}) has no output named ${name}`)
  return value
}

function passOn(item: ItemState, name: string): Json | undefined {
  const slot = slotOf(item, name)
  if (!slot) return undefined
  if ('value' in slot && isPassedByValue(slot)) {
    // An output that has the form of a reference would fetch what its author may not have seen.
    refuseReferences(slot.value)
    return slot.value
  }
  return { $output: { job_run_id: item.jobRunId, name } }
}

/** An output whose value is needed; `passed`: only where it is passed on as a value. */
export interface Read {
  step: string
  name: string
  passed: boolean
}

/** An output that is needed as a value, and of which it is known only where it is. */
export interface MissingOutput {
  item: ItemState
  name: string
  jobRunId: string
  sizeBytes: number
  inlined: boolean
  /** That run is a pipeline run. */
  isNested?: true
}

/** What has to be fetched before the reads can be answered. Of a step that is not done nothing is: it has no outputs yet. */
export function missingOutputs(data: Standing, reads: readonly Read[]): MissingOutput[] {
  return reads.flatMap(({ step, name, passed }) => {
    if (!isDone(statusOf(data, step))) return []
    return (stepState(data.state, step).items ?? []).flatMap((item) => {
      const slot = slotOf(item, name)
      if (!slot || 'value' in slot || (passed && !isPassedByValue(slot))) return []
      return [{ item, name, ...slot }]
    })
  })
}

/** The code of an error about an output of a step that is not done. */
export const outputNotReady = 'output_not_ready'

function notReady(step: string, status: StepStatus, name: string): ExpressionError {
  return new ExpressionError(
    outputNotReady,
    `step ${step} was not done (${status}) when this was evaluated, so it had no output ${name}; ask first: has(steps.${step}.outputs.${name})`,
  )
}

/** Of an expression that missed a value: that it is the output of a step which was not done, where that is so. */
export function explainMissing(data: Standing, reads: readonly Read[], error: unknown): unknown {
  if (!(error instanceof ExpressionError) || error.code !== 'expression_missing_value') return error
  const read = reads.find(({ step }) => !isDone(statusOf(data, step)))
  return read ? notReady(read.step, statusOf(data, read.step), read.name) : error
}

/** What a pipeline run reads at most by expressions at once. */
const bytesPerRead = 8 * 1024 * 1024

/** @throws StepFailure when outputs that are read together are too large together */
export function refuseTooLarge(missing: readonly MissingOutput[]): void {
  const total = missing.reduce((sum, each) => sum + each.sizeBytes, 0)
  if (total > bytesPerRead)
    throw new StepFailure(
      'outputs_too_large',
      `the outputs it reads have ${total} bytes together; an expression can read ${bytesPerRead}`,
    )
}
