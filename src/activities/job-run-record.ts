import { type Json, jsonBytes } from '../base/json.ts'
import type { WireJobRun } from '../client/index.ts'
import type { JobRunRecord, OutputSlot } from '../pipeline/plan/index.ts'

/** Values beyond this stay on the server: hundreds of results may come at once, and a history of 50 MiB ends a workflow. */
const inlineBudgetBytes = 64 * 1024
/** A run of more than this is kept without its output references; of what they name, the outputs are kept apart anyway. */
const runBytes = 256 * 1024
const messageCharacters = 4_000

interface NamedReference {
  name: string
  value?: Json
  size_bytes?: number
}

/** A server may put any JSON among its references; only those with a name can be spoken of. */
function isNamed(reference: Json): reference is Json & NamedReference {
  return (
    reference !== null &&
    typeof reference === 'object' &&
    'name' in reference &&
    typeof reference.name === 'string'
  )
}

/** The outputs by name: inlined values as far as the budget goes, else where to read them. */
function outputSlots(jobRunId: string, references: readonly Json[]): Record<string, OutputSlot> {
  const slots: Record<string, OutputSlot> = {}
  let budget = inlineBudgetBytes
  for (const reference of references.filter(isNamed)) {
    const inline = reference.value === undefined ? undefined : jsonBytes(reference.value)
    if (inline !== undefined && inline <= budget) {
      budget -= inline
      slots[reference.name] = { value: reference.value as Json, sizeBytes: inline, inlined: true }
    } else {
      slots[reference.name] = { jobRunId, sizeBytes: reference.size_bytes ?? inline ?? 0, inlined: false }
    }
  }
  return slots
}

/** What the workflow keeps of a run: without its config (it has it) and without inlined values (they are in `outputs`). */
export function toRecord(run: WireJobRun): JobRunRecord {
  const references = run.output_references as Json[]
  const bare = references.map((reference) =>
    isNamed(reference) ? { ...(reference as object), value: undefined as unknown } : reference,
  )
  const { config: _config, client_ref: _ref, ...rest } = run
  const isLarge = jsonBytes(bare) > runBytes
  return {
    jobId: run.job_id,
    jobRunId: run.uuid,
    status: run.status,
    error: run.error
      ? { code: run.error.code, message: run.error.message.slice(0, messageCharacters) }
      : null,
    outputs: outputSlots(run.uuid, references),
    jobRun: JSON.parse(JSON.stringify({ ...rest, output_references: isLarge ? undefined : bare })) as Json,
  }
}
