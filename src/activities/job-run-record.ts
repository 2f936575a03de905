import { type Json, jsonBytes } from '../base/json.ts'
import type { WireJobRun } from '../client/index.ts'
import type { JobRunRecord, OutputSlot } from '../pipeline/plan/index.ts'
import type { Kept } from './types.ts'

/** Values beyond this stay on the server: hundreds of results may come at once, and a history of 50 MiB ends a workflow. */
const inlineBudgetBytes = 64 * 1024
/** The same for a record of which many come in one message. */
const slimBudgetBytes = 16 * 1024
/** What a slim record has at most; one that would have more is refused. */
export const slimBytes = 24 * 1024
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
function outputSlots(
  jobRunId: string,
  references: readonly Json[],
  budgetBytes: number,
): Record<string, OutputSlot> {
  const slots: Record<string, OutputSlot> = {}
  let budget = budgetBytes
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
    error: errorOf(run),
    outputs: outputSlots(run.uuid, references, inlineBudgetBytes),
    jobRun: JSON.parse(JSON.stringify({ ...rest, output_references: isLarge ? undefined : bare })) as Json,
  }
}

function errorOf({ error }: WireJobRun): JobRunRecord['error'] {
  return error ? { code: error.code, message: error.message.slice(0, messageCharacters) } : null
}

/**
 * Only what the plan uses of a run, as hundreds of them may come in one message; of the run itself, where it uses nothing of that,
 * what tells whether it was over in time. Undefined when that is too much.
 */
export function toSlimRecord(run: WireJobRun, { outputs, whole }: Kept): JobRunRecord | undefined {
  const references = run.output_references as Json[]
  const used = outputs ? references.filter((one) => isNamed(one) && outputs.includes(one.name)) : references
  const { created_at, finished_at = null, cancel_requested_at } = run
  const record = {
    jobId: run.job_id,
    jobRunId: run.uuid,
    status: run.status,
    error: errorOf(run),
    outputs: outputSlots(run.uuid, used, slimBudgetBytes),
    jobRun: whole
      ? toRecord(run).jobRun
      : { created_at, finished_at, ...(cancel_requested_at === undefined ? {} : { cancel_requested_at }) },
  }
  return jsonBytes(record) <= slimBytes ? record : undefined
}
