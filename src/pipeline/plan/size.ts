import { jsonBytes } from '../../base/json.ts'
import type { PipelineRunState } from './state.ts'
import type { PipelineRunView, StepError } from './types.ts'

/** What Temporal takes is limited in bytes: here a state or a view is made to fit. */

/** Of Temporal's limit of 2 MiB for a payload: the input of the next execution, the result, the answer to a query. */
export const payloadBytes = 1900 * 1024
/** Of the outputs of a pipeline run together. */
export const runOutputsBytes = 1536 * 1024

/** About as much as a reference takes itself. */
const referenceBytes = 100
/** Enough to know what is meant. */
const shortMessageCharacters = 200

/**
 * Makes a state fit `budgetBytes` of JSON: output values become references, largest first; then error messages are cut and
 * earlier generations dropped; then job runs kept for expressions are dropped, and a warning says so.
 */
export function shrinkState(state: PipelineRunState, budgetBytes: number): void {
  spillOutputs(state, jsonBytes(state) - budgetBytes)
  const items = Object.values(state.steps).flatMap((step) => step.items ?? [])
  if (jsonBytes(state) > budgetBytes)
    for (const item of items) {
      if (item.error) item.error = shortened(item.error)
      delete item.earlier
    }
  let excess = jsonBytes(state) - budgetBytes
  if (excess <= 0) return
  state.warnings.push(
    'job runs were too many or too large to be kept; `steps.X.run` is null for some of them',
  )
  const jobRuns = items
    .map((item) => ({ item, bytes: jsonBytes(item.jobRun) }))
    .sort((a, b) => b.bytes - a.bytes)
  for (const { item, bytes } of jobRuns) {
    if (excess <= 0) return
    item.jobRun = null
    excess -= bytes
  }
}

function spillOutputs(state: PipelineRunState, excessBytes: number): void {
  let excess = excessBytes
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
export function shrinkView(view: PipelineRunView, budgetBytes: number): PipelineRunView {
  if (jsonBytes(view) <= budgetBytes) return view
  return {
    ...view,
    steps: view.steps.map(({ earlier: _earlier, ...step }) =>
      step.error ? { ...step, error: shortened(step.error) } : step,
    ),
  }
}

function shortened({ code, message }: StepError): StepError {
  const short = message.slice(0, shortMessageCharacters)
  return { code, message: short.length < message.length ? `${short}…` : message }
}
