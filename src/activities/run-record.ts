import type { WireJobRun } from '../client/index.ts'
import type { Json } from '../contract/index.ts'
import type { OutputSlot, RunRecord } from '../pipeline/plan/index.ts'

/** Values beyond this stay on the server, so that one result never nears Temporal's payload limit of 2 MiB. */
const inlineBudgetBytes = 512 * 1024

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
export function outputSlots(jobRunId: string, references: readonly Json[]): Record<string, OutputSlot> {
  const slots: Record<string, OutputSlot> = {}
  let budget = inlineBudgetBytes
  for (const reference of references.filter(isNamed)) {
    const inline = reference.value === undefined ? undefined : JSON.stringify(reference.value).length
    if (inline !== undefined && inline <= budget) {
      budget -= inline
      slots[reference.name] = { value: reference.value as Json, sizeBytes: inline }
    } else {
      slots[reference.name] = { jobRunId, sizeBytes: reference.size_bytes ?? inline ?? 0 }
    }
  }
  return slots
}

/** What the workflow keeps of a run: without its config (it has it) and without inlined values (they are in `outputs`). */
export function toRecord(run: WireJobRun): RunRecord {
  const references = run.output_references as Json[]
  const bare = references.map((reference) =>
    isNamed(reference) ? { ...(reference as object), value: undefined as unknown } : reference,
  )
  const { config: _config, client_ref: _ref, ...rest } = run
  return {
    jobId: run.job_id,
    jobRunId: run.uuid,
    status: run.status,
    error: run.error ? { code: run.error.code, message: run.error.message } : null,
    outputs: outputSlots(run.uuid, references),
    run: JSON.parse(JSON.stringify({ ...rest, output_references: bare })) as Json,
  }
}
