import { jsonTextProblems, writeJsonText } from '../base/json-text.ts'
import { decodeUtf8 } from '../base/utf8.ts'
import { JobsApiError, type WorkerReportsClient } from '../client/index.ts'
import {
  describeJsonProblem,
  isJsonMediaType,
  limits,
  outputNamePattern,
  workerLimits,
} from '../contract/index.ts'
import { JobRunError } from '../job-types/errors.ts'
import type { AnyJobType, HandlerContext } from '../job-types/types.ts'
import { outputTimeoutMs, persist } from './persistence.ts'

const conflict = 409
const invalidContent = 422

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
      if (error instanceof JobsApiError && error.status === invalidContent)
        throw new JobRunError('invalid_output', `the output ${name} was refused: ${error.message}`)
      throw error
    }
  }

  const putChecked: typeof put = async (name, content, mediaType, type) => {
    const problem = isJsonMediaType(mediaType) ? jsonProblem(content) : undefined
    if (problem !== undefined)
      throw new JobRunError(
        'bad_output',
        `the output ${name} is no ${mediaType} that can be kept: ${problem}`,
      )
    await put(name, content, mediaType, type)
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
      const written = writeJsonText(value, limits.jsonDepth)
      if ('problem' in written)
        throw new JobRunError('bad_output', `the output ${name} is no JSON value: ${written.problem}`)
      await put(name, new TextEncoder().encode(written.text), 'application/json', type)
    },
    text: (name, text, { mediaType = 'text/plain; charset=utf-8', type } = {}) =>
      putChecked(name, new TextEncoder().encode(text), mediaType, type),
    bytes: (name, content, { mediaType, type }) => putChecked(name, content, mediaType, type),
  }
}

function jsonProblem(content: Uint8Array): string | undefined {
  // One that is too large is refused for that.
  if (content.byteLength > workerLimits.outputBytes) return undefined
  const decoded = decodeUtf8(content)
  if ('badByte' in decoded) return `at byte offset ${decoded.badByte}: is not UTF-8`
  return describeJsonProblem(jsonTextProblems(decoded.text, limits.jsonDepth)[0])
}
