import { jsonBytes } from '../../base/json.ts'
import { payloadBytes, shrinkView } from './size.ts'
import type { ItemState, OutputSlot, PipelineRunState, StepState } from './state.ts'
import type { PipelineRunView, StepRunView } from './types.ts'

/*
 * What states and views take at most once they are packed on their way to Temporal. A workflow cannot pack anything itself. What they are
 * made of is alike in each line, and takes little; ids are all different, and what jobs say may not get smaller at all: it counts in full.
 */

/** Of a step in a state, of an item, and of a line of a view: keys, statuses, times and counts. Measured, and half as much again. */
const stepBytes = 16
const itemBytes = 40
const lineBytes = 40
const slotBytes = 32
/** Of what a line waits for: an id that stands there many times. */
const needBytes = 10
/** Of a text that was there a moment ago. */
const repeatedBytes = 8
/** So many texts ago it still counts as there. */
const remembered = 16

/** Counts texts; what was there a moment ago takes next to nothing. */
function createTexts(): (text: string | undefined) => number {
  const recent: string[] = []
  return (text) => {
    if (text === undefined || text === '') return 0
    if (recent.includes(text)) return repeatedBytes
    recent.push(text)
    if (recent.length > remembered) recent.shift()
    return jsonBytes(text)
  }
}

/** Digits of a UUID carry half a byte each; other ids are denser. */
function idBytes(id: string | null | undefined): number {
  if (!id) return 0
  return id.length * (/^[0-9a-f-]+$/i.test(id) ? 0.6 : 1)
}

/** What is there in full; 0 for what is not. */
function fullBytes(value: unknown): number {
  if (value === undefined || value === null) return 0
  return jsonBytes(value)
}

export function packedStateBytes(state: PipelineRunState): number {
  const { steps, ...run } = state
  const texts = createTexts()
  let bytes = jsonBytes(run)
  for (const [id, step] of Object.entries(steps)) bytes += id.length + packedStep(step, texts)
  return Math.ceil(bytes)
}

type Texts = ReturnType<typeof createTexts>

function packedStep({ error, skippedBecause, unfinished, items = [] }: StepState, texts: Texts): number {
  let bytes =
    stepBytes + fullBytes(unfinished) + texts(skippedBecause) + texts(error?.code) + texts(error?.message)
  for (const item of items) bytes += packedItem(item, texts)
  return bytes
}

function packedItem(item: ItemState, texts: Texts): number {
  const { jobId, jobRunId, error, skippedBecause, outputs, trigger, place, earlier, jobRun } = item
  let bytes = itemBytes + idBytes(jobId) + idBytes(jobRunId)
  bytes += texts(skippedBecause) + texts(error?.code) + texts(error?.message)
  bytes += fullBytes(trigger) + fullBytes(place) + fullBytes(earlier) + fullBytes(jobRun)
  for (const slot of Object.values(outputs)) bytes += packedSlot(item, slot)
  return bytes
}

function packedSlot({ jobRunId }: ItemState, slot: OutputSlot): number {
  if ('value' in slot) return slotBytes + fullBytes(slot.value)
  return slotBytes + (slot.jobRunId === jobRunId ? 0 : idBytes(slot.jobRunId))
}

export function packedViewBytes(view: PipelineRunView): number {
  const { steps, ...run } = view
  const texts = createTexts()
  let bytes = jsonBytes(run)
  for (const line of steps) bytes += packedLine(line, texts)
  return Math.ceil(bytes)
}

function packedLine(line: StepRunView, texts: Texts): number {
  const { step, item, job_id, job_run_id, pipeline_run_id, error, skipped_because, waits_for = [] } = line
  const { trouble, unknown_trigger, earlier, queue } = line
  let bytes = lineBytes + idBytes(job_id) + idBytes(job_run_id) + idBytes(pipeline_run_id)
  bytes += item === undefined ? step.length : repeatedBytes
  bytes += texts(error?.code) + texts(error?.message) + texts(skipped_because) + texts(trouble)
  bytes += fullBytes(unknown_trigger) + fullBytes(earlier) + fullBytes(queue)
  return bytes + waits_for.length * needBytes
}

/** What a view takes in Temporal: as it is where that fits, else packed. */
export function viewBytes(view: PipelineRunView): number {
  const bytes = jsonBytes(view)
  return bytes <= payloadBytes ? bytes : Math.min(bytes, packedViewBytes(view))
}

/** A view within what Temporal carries. */
export function fittingView(view: PipelineRunView): PipelineRunView {
  return shrinkView(view, payloadBytes, viewBytes)
}
