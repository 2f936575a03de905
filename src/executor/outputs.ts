import { JobsApiError, type WorkerReportsClient } from '../client/index.ts'
import { outputNamePattern, workerLimits } from '../contract/index.ts'
import { JobRunError } from '../job-types/errors.ts'
import type { AnyJobType, HandlerContext } from '../job-types/types.ts'
import { outputTimeoutMs, persist } from './persistence.ts'

const conflict = 409

export interface OutputsOptions {
  reports: WorkerReportsClient
  jobRunId: string
  attempt: number
  jobType: AnyJobType
  /** Aborted when the run is to stop: then a PUT that fails is not tried again. */
  until: AbortSignal
  onFailure(error: unknown, delayMs: number): void
}

/** Stores outputs, for as long as it takes while the server is away. Throws JobRunError, or the JobsApiError that ended it. */
export function createOutputs(options: OutputsOptions): HandlerContext['output'] {
  const { reports, jobRunId, attempt, jobType, until, onFailure } = options

  async function put(
    name: string,
    content: Uint8Array,
    mediaType: string,
    type: string | undefined,
  ): Promise<void> {
    if (!outputNamePattern.test(name))
      throw new JobRunError(
        'bad_output',
        `the output name ${JSON.stringify(name)} is not usable; expected letters, digits and underscores, at most 100`,
      )
    if (content.byteLength > workerLimits.outputBytes)
      throw new JobRunError(
        'output_too_large',
        `the output ${name} has ${content.byteLength} bytes; at most ${workerLimits.outputBytes} are kept`,
      )
    try {
      await persist(
        () =>
          reports.putOutput(
            jobRunId,
            { name, attempt, type, mediaType, content },
            { timeoutMs: outputTimeoutMs },
          ),
        { until, onFailure },
      )
    } catch (error) {
      if (error instanceof JobsApiError && error.status === conflict)
        throw new JobRunError(
          'run_ended',
          `the output ${name} was not stored: the run has ended, or another attempt has begun`,
        )
      throw error
    }
  }

  return {
    async json(name, value, { type } = {}) {
      const schema =
        jobType.outputs && Object.hasOwn(jobType.outputs, name) ? jobType.outputs[name] : undefined
      const parsed = await schema?.safeParseAsync(value)
      if (parsed && !parsed.success) {
        const problems = parsed.error.issues
          .slice(0, 20)
          .map((issue) => `/${issue.path.map(String).join('/')}: ${issue.message}`)
        throw new JobRunError(
          'invalid_output',
          `the output ${name} is not what the job type declares: ${problems.join('; ')}`,
        )
      }
      const text: string | undefined = JSON.stringify(value)
      if (text === undefined)
        throw new JobRunError('bad_output', `the output ${name} is ${typeof value}; expected a JSON value`)
      await put(name, new TextEncoder().encode(text), 'application/json', type)
    },
    text: (name, text, { mediaType = 'text/plain; charset=utf-8', type } = {}) =>
      put(name, new TextEncoder().encode(text), mediaType, type),
    bytes: (name, content, { mediaType, type }) => put(name, content, mediaType, type),
  }
}
