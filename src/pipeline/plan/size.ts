import { jsonBytes } from '../../base/json.ts'
import type { PipelineRunState } from './state.ts'
import type { PipelineRunView, StepError } from './types.ts'

/** What Temporal takes is limited in bytes: here a state or a view is made to fit. */

/** Of Temporal's limit of 2 MiB for a payload: the input of the next execution, the result, the answer to a query. */
export const payloadBytes = 1900 * 1024
/** Of what a run is started with, once it is packed: the rest of a payload is for its state. */
export const startBytes = 1024 * 1024
/** Of the outputs of a pipeline run together. */
export const runOutputsBytes = 1536 * 1024

/** About as much as a reference takes itself. */
const referenceBytes = 100
/** Enough to know what is meant; where there are thousands, less. */
const messageCharacters = [200, 60, 0] as const

/** How much something takes on its way. */
export type Measure<T> = (value: T) => number

/**
 * Makes a state fit `budgetBytes`: output values become references, largest first; then error messages are cut and earlier generations
 * dropped; then job runs kept for expressions are dropped, and a warning says so.
 */
export function shrinkState(
  state: PipelineRunState,
  budgetBytes: number,
  measure: Measure<PipelineRunState> = jsonBytes,
): void {
  spillOutputs(state, measure(state) - budgetBytes)
  const items = Object.values(state.steps).flatMap((step) => step.items ?? [])
  for (const characters of messageCharacters) {
    if (measure(state) <= budgetBytes) return
    for (const item of items) {
      if (item.error) item.error = shortened(item.error, characters)
      delete item.earlier
    }
  }
  let excess = measure(state) - budgetBytes
  if (excess <= 0) return
  const jobRuns = items
    .map((item) => ({ item, bytes: item.jobRun === null ? 0 : jsonBytes(item.jobRun) }))
    .filter(({ bytes }) => bytes > 0)
    .sort((a, b) => b.bytes - a.bytes)
  if (jobRuns.length === 0) return
  state.warnings.push(
    'job runs were too many or too large to be kept; `steps.X.run` is null for some of them',
  )
  for (const { item, bytes } of jobRuns) {
    if (excess <= 0) return
    item.jobRun = null
    excess -= bytes
  }
}

function spillOutputs(state: PipelineRunState, excessBytes: number): void {
  let excess = excessBytes
  if (excess <= 0) return
  const kept = Object.values(state.steps)
    .flatMap((step) => step.items ?? [])
    .flatMap((item) => Object.entries(item.outputs).map(([name, slot]) => ({ item, name, slot })))
    .filter(({ slot }) => 'value' in slot && slot.sizeBytes > referenceBytes)
    .sort((a, b) => b.slot.sizeBytes - a.slot.sizeBytes)
  for (const { item, name, slot } of kept) {
    if (excess <= 0) return
    const { sizeBytes, inlined, isNested } = slot
    item.outputs[name] = {
      jobRunId: item.jobRunId ?? '',
      sizeBytes,
      inlined,
      ...(isNested ? { isNested } : {}),
    }
    excess -= sizeBytes - referenceBytes
  }
}

/** The view within `budgetBytes`: error messages cut, and without earlier generations, where it has to be. */
export function shrinkView(
  view: PipelineRunView,
  budgetBytes: number,
  measure: Measure<PipelineRunView> = jsonBytes,
): PipelineRunView {
  let shrunk = view
  for (const characters of messageCharacters) {
    if (measure(shrunk) <= budgetBytes) return shrunk
    const steps = view.steps.map(({ earlier: _earlier, ...step }) =>
      step.error ? { ...step, error: shortened(step.error, characters) } : step,
    )
    shrunk = { ...view, steps }
  }
  return shrunk
}

function shortened({ code, message }: StepError, characters: number): StepError {
  const short = message.slice(0, characters)
  return { code, message: short.length < message.length ? `${short}…` : message }
}
