import { isCancellation, sleep } from '@temporalio/workflow'
import { type Json, jsonBytes } from '../base/json.ts'
import { ExpressionError } from '../expressions/evaluate.ts'
import {
  applyRecord,
  createItem,
  type ItemState,
  isDone,
  mayRetry,
  mayStartItem,
  type PlanStep,
  type PlanValue,
  retryDelayMs,
  type StepState,
  settle,
  statusOfItems,
  stepState,
} from '../pipeline/plan/index.ts'
import { finalError, runGeneration } from '../remote-run/index.ts'
import type { Run } from './run.ts'
import { evaluate, evaluateNow, prepare } from './values.ts'

/** Of one run, all its steps together: its state and its view have to fit into a payload of 2 MiB. */
const maxItems = 2_000
const maxConfigBytes = 1024 * 1024

/** Runs a step to its end, all its items and generations; goes on with what an earlier execution began. */
export async function runStepToEnd(run: Run, step: PlanStep): Promise<void> {
  const own = stepState(run.state, step.id)
  own.status = 'running'
  try {
    const values = step.forEach ? itemsFrom(await evaluate(run, step.forEach)) : [null]
    own.items ??= createItems(run, values)
    await runItems(run, step, own.items, values)
    own.status = statusOfItems(own.items)
    own.error = own.items.find((item) => item.status === own.status)?.error ?? null
  } catch (error) {
    failStep(own, error)
  }
}

function failStep(own: StepState, error: unknown): void {
  if (isCancellation(error)) {
    own.status = 'cancelled'
    return
  }
  own.error = stepErrorOf(error)
  own.status = 'failed'
}

/** @throws the error itself when no step can answer for it */
export function stepErrorOf(error: unknown) {
  if (error instanceof ExpressionError) return { code: error.code, message: error.message }
  const final = finalError(error)
  if (!final) throw error
  return final
}

function itemsFrom(value: Json): Json[] {
  if (!Array.isArray(value))
    throw new ExpressionError(
      'for_each_not_a_list',
      `for_each needs a list, found ${value === null ? 'null' : typeof value}`,
    )
  return value
}

function createItems(run: Run, values: readonly Json[]): ItemState[] {
  const others = Object.values(run.state.steps).reduce((sum, step) => sum + (step.items?.length ?? 0), 0)
  // Steps of one run each are counted, and never refused.
  if (values.length > 1 && others + values.length > maxItems)
    throw new ExpressionError(
      'for_each_too_long',
      `for_each has ${values.length} items, which makes ${others + values.length} runs of this pipeline run; the limit is ${maxItems}`,
    )
  return values.map(createItem)
}

async function runItems(run: Run, step: PlanStep, items: ItemState[], values: Json[]): Promise<void> {
  let next = 0
  const lane = async () => {
    for (let index = next++; index < items.length; index = next++) {
      const item = items[index]
      if (!item || isDone(item.status)) continue
      const begun = item.generation > 0
      if (run.scope.consideredCancelled || (!begun && !mayStartItem(step, items))) item.status = 'skipped'
      else await runItem(run, step, item, { value: values[index] ?? null, index })
    }
  }
  const lanes = Array.from({ length: Math.min(step.maxParallel, items.length) }, lane)
  await (lanes.length === 1 ? lanes[0] : Promise.all(lanes))
}

async function runItem(
  run: Run,
  step: PlanStep,
  item: ItemState,
  each: { value: Json; index: number },
): Promise<void> {
  try {
    const isBegun = item.generation > 0
    for (let wait = run.slots.take(isBegun); wait; wait = run.slots.take(isBegun)) await wait
    try {
      await runGenerations(run, step, item, each)
    } finally {
      run.slots.giveBack()
    }
  } catch (error) {
    if (isCancellation(error)) {
      item.status = item.generation > 0 ? 'cancelled' : 'skipped'
    } else {
      item.error = stepErrorOf(error)
      item.status = 'failed'
    }
  }
  item.finishedAtMs = Date.now()
}

async function runGenerations(
  run: Run,
  step: PlanStep,
  item: ItemState,
  each: { value: Json; index: number },
): Promise<void> {
  const values = valuesOf(step)
  for (let wait = prepare(run, values); wait; wait = prepare(run, values)) await wait
  const { target, config, bytes } = resolveStep(run, step, each)
  item.startedAtMs ??= Date.now()
  item.generation = Math.max(1, item.generation)
  for (;;) {
    if (item.notBeforeMs !== null) await sleep(Math.max(1, item.notBeforeMs - Date.now()))
    item.notBeforeMs = null
    if (item.jobRunId === null)
      for (let wait = run.pace.admit(bytes); wait; wait = run.pace.admit(bytes)) await wait
    item.generationStartedAtMs ??= Date.now()
    item.status = item.jobRunId === null ? 'pending' : 'running'
    const outcome = await runGeneration({
      connection: run.connection,
      pipeline: run.plan.name,
      timing: run.timing,
      step,
      item: step.forEach ? each.index : null,
      generation: item.generation,
      target,
      config,
      remainingMs:
        step.timeoutMs === undefined ? undefined : step.timeoutMs - (Date.now() - item.generationStartedAtMs),
      open:
        item.jobId !== null && item.jobRunId !== null ? { jobId: item.jobId, jobRunId: item.jobRunId } : null,
      onRunning: (remote) => {
        run.hasProgressed = true
        item.jobId = remote.jobId
        item.jobRunId = remote.jobRunId
        item.status = remote.status === 'pending' || remote.status === 'paused' ? remote.status : 'running'
      },
      onCancelling: () => {
        item.status = 'cancelling'
      },
    })
    run.hasProgressed = true
    item.generationStartedAtMs = null
    if (outcome.record) applyRecord(item, step, outcome.record)
    const settlement = settle(outcome, step.timeoutMs)
    item.error = settlement.error
    if (run.scope.consideredCancelled || !mayRetry(step, item, settlement)) {
      item.status = settlement.status
      return
    }
    item.notBeforeMs = Date.now() + retryDelayMs(step.retry.backoffMs, item.generation)
    item.generation += 1
    Object.assign(item, { jobRunId: null, outputs: {}, run: null, status: 'waiting' })
  }
}

/** What a step's remote run is made of. */
function valuesOf({ config, target }: PlanStep): PlanValue[] {
  return [...(config ? [config] : []), ...(target.kind === 'job_id' ? [target.jobId] : [])]
}

function resolveStep(run: Run, step: PlanStep, each: { value: Json; index: number }) {
  const item = step.forEach ? each : undefined
  const config = step.config ? evaluateNow(run, step.config, item) : null
  if (config !== null && (typeof config !== 'object' || Array.isArray(config)))
    throw new ExpressionError(
      'config_not_an_object',
      `config must be an object, found ${Array.isArray(config) ? 'a list' : typeof config}`,
    )
  const bytes = jsonBytes(config)
  if (bytes > maxConfigBytes)
    throw new ExpressionError(
      'config_too_large',
      `the evaluated config has ${bytes} bytes; the limit is ${maxConfigBytes}`,
    )
  return { target: resolveTarget(run, step, item), config, bytes }
}

function resolveTarget(run: Run, step: PlanStep, item: { value: Json; index: number } | undefined) {
  if (step.target.kind === 'job_type') return { jobType: step.target.jobType }
  const jobId = evaluateNow(run, step.target.jobId, item)
  if (typeof jobId !== 'string')
    throw new ExpressionError(
      'job_id_not_text',
      `job_id must be text, found ${jobId === null ? 'null' : typeof jobId}`,
    )
  return { jobId }
}
