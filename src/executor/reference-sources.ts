import type { Json } from '../base/json.ts'
import { JobsApiError, type JobsClient } from '../client/index.ts'
import { outputValue } from '../contract/index.ts'
import { JobRunError } from '../job-types/errors.ts'
import type { Secrets } from '../job-types/user-config.ts'
import { type Redactor, type ReferenceSources, readSecret, shortestSecret } from '../references/index.ts'
import { outputTimeoutMs, persist } from './persistence.ts'

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
