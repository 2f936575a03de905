import type { JobsClient } from '../client/index.ts'
import type { Json } from '../contract/index.ts'
import { rejected } from './failures.ts'
import type { ReadOutputsInput } from './types.ts'

/** An expression may read an output up to this size. */
const valueLimitBytes = 1024 * 1024
/** Together in one answer, below Temporal's payload limit of 2 MiB. */
const answerLimitBytes = 1536 * 1024

/** Fetches outputs that the server did not inline, in the order asked for: JSON as a value, text as a string. */
export async function readOutputs(api: JobsClient, input: ReadOutputsInput): Promise<Json[]> {
  const values: Json[] = []
  let total = 0
  for (const { jobRunId, name } of input.outputs) {
    const { mediaType, content } = await api.getOutput(jobRunId, name)
    total += content.byteLength
    if (content.byteLength > valueLimitBytes || total > answerLimitBytes)
      throw rejected(
        'output_too_large',
        `output ${name} of job run ${jobRunId} has ${content.byteLength} bytes; an expression can read ${valueLimitBytes}. ` +
          'Pass it whole into a config, where it travels as a reference',
      )
    values.push(decode(mediaType, content, `${name} of job run ${jobRunId}`))
  }
  return values
}

function decode(mediaType: string, content: Uint8Array, what: string): Json {
  const kind = mediaType.split(';')[0]?.trim().toLowerCase() ?? ''
  try {
    const text = new TextDecoder('utf-8', { fatal: true }).decode(content)
    if (kind === 'application/json' || kind.endsWith('+json')) return JSON.parse(text) as Json
    if (kind.startsWith('text/')) return text
  } catch {
    throw rejected('output_not_readable', `output ${what} is not the ${mediaType} that it says it is`)
  }
  throw rejected(
    'output_not_readable',
    `output ${what} is ${mediaType}; an expression can read JSON and text only`,
  )
}
