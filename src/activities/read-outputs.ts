import type { Json } from '../base/json.ts'
import { JobsApiError, type JobsClient } from '../client/index.ts'
import { outputValue } from '../contract/index.ts'
import { rejected } from './failures.ts'
import type { ReadOutputsInput } from './types.ts'

/** An expression may read an output up to this size. */
const valueLimitBytes = 1024 * 1024
/** Together in one answer, below Temporal's payload limit of 2 MiB. */
const answerLimitBytes = 1536 * 1024

/**
 * Fetches outputs that the server did not inline, in the order asked for: JSON as a value, text as a string.
 * Of one that is too large no more is read than shows it.
 */
export async function readOutputs(
  api: JobsClient,
  input: ReadOutputsInput,
  signal: AbortSignal,
): Promise<Json[]> {
  const values: Json[] = []
  let left = answerLimitBytes
  for (const { jobRunId, name } of input.outputs) {
    const output = await download(api, { jobRunId, name }, Math.min(valueLimitBytes, left), signal)
    left -= output.content.byteLength
    values.push(readValue(output, `${name} of job run ${jobRunId}`))
  }
  return values
}

async function download(
  api: JobsClient,
  { jobRunId, name }: ReadOutputsInput['outputs'][number],
  limitBytes: number,
  signal: AbortSignal,
) {
  try {
    return await api.getOutput(jobRunId, name, { signal, maxResponseBytes: limitBytes })
  } catch (error) {
    if (!(error instanceof JobsApiError) || error.code !== 'response_too_large') throw error
    throw rejected(
      'output_too_large',
      `output ${name} of job run ${jobRunId} has more than ${limitBytes} bytes; an expression can read ${valueLimitBytes} of one output, and ${answerLimitBytes} of all together. ` +
        'Pass it whole into a config, where it travels as a reference',
    )
  }
}

function readValue(output: { mediaType: string; content: Uint8Array }, what: string): Json {
  const found = outputValue(output)
  if ('value' in found) return found.value
  throw rejected(
    'output_not_readable',
    found.problem === 'malformed'
      ? `output ${what} is not the ${output.mediaType} that it says it is, or cannot be kept as it is: ${found.detail}`
      : `output ${what} is ${output.mediaType}; an expression can read JSON and text only`,
  )
}
