import { ApplicationFailure } from '@temporalio/workflow'
import type { Json } from '../base/json.ts'
import { setOwn } from '../base/json.ts'
import { runJobNames } from '../contract/names.ts'
import type { JobRunRecord, OutputSlot } from '../pipeline/plan/index.ts'
import { finalError, readOutputs } from '../remote-run/index.ts'
import type { Call } from './call.ts'
import { timing } from './timing.ts'

/** What one call reads at most, all outputs together: it is kept in the workflow's history. */
const mostBytes = 1024 * 1024

/** The outputs of a run as values; what the run itself does not show is fetched. @throws ApplicationFailure */
export async function outputsOf(
  call: Call,
  { outputs, jobRunId }: JobRunRecord,
): Promise<Record<string, Json>> {
  const wanted = call.outputs ?? Object.keys(outputs)
  const missing: string[] = []
  const values: Record<string, Json> = {}
  for (const name of wanted) {
    const slot: OutputSlot | undefined = Object.hasOwn(outputs, name) ? outputs[name] : undefined
    // What a run may do without is not there.
    if (!slot) continue
    if ('value' in slot) setOwn(values, name, slot.value)
    else missing.push(name)
  }
  const bytes = missing.reduce((sum, name) => sum + (outputs[name]?.sizeBytes ?? 0), 0)
  if (bytes > mostBytes)
    throw ApplicationFailure.nonRetryable(
      `its outputs ${missing.join(', ')} have ${bytes} bytes together; ${mostBytes} can be read: name those that you need in \`outputs\``,
      'outputs_too_large',
    )
  if (missing.length === 0) return values
  const read = await fetchAll(call, jobRunId, missing)
  missing.forEach((name, index) => {
    setOwn(values, name, read[index] ?? null)
  })
  return values
}

async function fetchAll(call: Call, jobRunId: string, names: readonly string[]): Promise<Json[]> {
  try {
    return await readOutputs(
      call.connection,
      names.map((name) => ({ jobRunId, name })),
      timing,
      call.secrets,
      runJobNames.activityPrefix,
    )
  } catch (error) {
    const final = finalError(error)
    if (!final) throw error
    throw ApplicationFailure.nonRetryable(final.message, final.code)
  }
}
