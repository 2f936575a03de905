import { type Json, jsonBytes } from '../base/json.ts'
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
    const limit = Math.min(valueLimitBytes, left)
    const output = await download(api, { jobRunId, name }, limit, signal)
    const value = output
      ? readValue(output, `${name} of job run ${jobRunId}`)
      : await readReference(api, { jobRunId, name }, limit, signal)
    left -= output?.content.byteLength ?? jsonBytes(value)
    values.push(value)
  }
  return values
}

type Wanted = ReadOutputsInput['outputs'][number]

/** What is said of an output of which there is nothing to read. */
export function notServed({ jobRunId, name }: Wanted): string {
  return `the Jobs API does not serve output ${name} of job run ${jobRunId}, and shows no value of it`
}

/** The value that a run itself shows of an output, on a server that serves none. */
export async function shownValue(
  api: JobsClient,
  { jobRunId, name }: Wanted,
  signal?: AbortSignal,
): Promise<Json | undefined> {
  const { output_references } = await api.getJobRun(jobRunId, signal ? { signal } : {})
  return output_references.find((reference) => reference.name === name)?.value
}

/** Whether a failed download says that the server has no such output, or serves none at all. */
export function isNotServed(error: unknown): error is JobsApiError {
  return error instanceof JobsApiError && (error.status === 404 || error.status === 405)
}

/** On a server that serves no outputs: what the run itself shows. */
async function readReference(
  api: JobsClient,
  wanted: Wanted,
  limitBytes: number,
  signal: AbortSignal,
): Promise<Json> {
  const value = await shownValue(api, wanted, signal)
  if (value === undefined)
    throw rejected(
      'output_not_served',
      `${notServed(wanted)}; steps.X.run.output_references has what it shows`,
    )
  if (jsonBytes(value) > limitBytes) throw tooLarge(wanted, limitBytes)
  return value
}

function tooLarge({ jobRunId, name }: Wanted, limitBytes: number) {
  return rejected(
    'output_too_large',
    `output ${name} of job run ${jobRunId} has more than ${limitBytes} bytes; an expression can read ${valueLimitBytes} of one output, and ${answerLimitBytes} of all together. ` +
      'Pass it whole into a config, where it travels as a reference',
  )
}

/** Undefined where the server has no such output, or serves none at all. */
async function download(api: JobsClient, wanted: Wanted, limitBytes: number, signal: AbortSignal) {
  try {
    return await api.getOutput(wanted.jobRunId, wanted.name, { signal, maxResponseBytes: limitBytes })
  } catch (error) {
    if (isNotServed(error)) return undefined
    if (error instanceof JobsApiError && error.code === 'response_too_large')
      throw tooLarge(wanted, limitBytes)
    throw error
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
