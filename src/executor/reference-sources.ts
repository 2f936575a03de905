import type { Json } from '../base/json.ts'
import { JobsApiError, type JobsClient } from '../client/index.ts'
import { outputValue } from '../contract/index.ts'
import { JobRunError, RetryableError } from '../job-types/errors.ts'
import type { Secrets } from '../job-types/user-config.ts'
import { outputTimeoutMs, persist } from './persistence.ts'
import { type Redactor, shortestSecret } from './redactor.ts'
import type { ReferenceSources } from './run-config.ts'

async function readSecret(secrets: Secrets, name: string): Promise<string> {
  const source = Object.hasOwn(secrets, name) ? secrets[name] : undefined
  if (source === undefined)
    throw new JobRunError(
      'invalid_config',
      `the secret ${name} is not configured on this worker; add it to secrets in jobwright.config.ts`,
    )
  let value: unknown
  try {
    value = typeof source === 'function' ? await source() : source
  } catch (error) {
    // Not its message, which may hold the value. Nothing has run yet, so another attempt does no harm.
    throw new RetryableError(
      `the secret ${name} could not be read (${error instanceof Error ? error.name : typeof error})`,
    )
  }
  if (typeof value !== 'string')
    throw new JobRunError(
      'invalid_config',
      `the secret ${name} is no text; expected a string, or a function that returns one`,
    )
  return value
}

function readValue(output: { mediaType: string; content: Uint8Array }, name: string): Json {
  const found = outputValue(output)
  if ('value' in found) return found.value
  throw new JobRunError(
    'invalid_config',
    found.problem === 'malformed'
      ? `the output ${name} is not the ${output.mediaType} it says it is, or cannot be kept as it is: ${found.detail}`
      : `the output ${name} is ${output.mediaType}; only JSON and text can be part of a config`,
  )
}

/** Secrets from the worker's configuration, each asked for once a run; outputs from the Jobs API, asked for until `until` aborts. */
export function createReferenceSources(options: {
  secrets: Secrets
  api: JobsClient
  redactor: Redactor
  /** Tells whoever reads the run's log. */
  warn(message: string): void
  until: AbortSignal
}): ReferenceSources {
  const { secrets, api, redactor, warn, until } = options
  const known = new Map<string, string>()
  return {
    async secret(name) {
      const asked = known.get(name)
      if (asked !== undefined) return asked
      const value = await readSecret(secrets, name)
      known.set(name, value)
      if (!redactor.add(value))
        warn(
          `the secret ${name} has fewer than ${shortestSecret} characters, so it is not kept out of logs and errors`,
        )
      return value
    },
    async output(jobRunId, name) {
      const read = () => api.getOutput(jobRunId, name, { timeoutMs: outputTimeoutMs })
      try {
        return readValue(await persist(read, { until }), name)
      } catch (error) {
        if (error instanceof JobsApiError && error.kind === 'rejected')
          throw new JobRunError(
            'invalid_config',
            `the output ${name} of job run ${jobRunId} cannot be read: ${error.code}`,
          )
        throw error
      }
    },
  }
}
