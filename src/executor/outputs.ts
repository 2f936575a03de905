import { jsonTextProblems, writeJsonText } from '../base/json-text.ts'
import { decodeUtf8 } from '../base/utf8.ts'
import { JobsApiError } from '../client/index.ts'
import type { WorkerReportsClient } from '../client/worker-reports.ts'
import {
  describeJsonProblem,
  isJsonMediaType,
  limits,
  outputNamePattern,
  workerLimits,
} from '../contract/index.ts'
import { JobRunError } from '../job-types/errors.ts'
import type { AnyJobType, HandlerContext } from '../job-types/types.ts'
import { createDeclaration } from './output-declaration.ts'
import { outputTimeoutMs, persist } from './persistence.ts'

const conflict = 409
const invalidContent = 422

/** Where outputs go. */
export interface OutputReports {
  putOutput(...output: Parameters<WorkerReportsClient['putOutput']>): Promise<unknown>
}

export interface OutputsOptions {
  reports: OutputReports
  jobRunId: string
  attempt: number
  jobType: AnyJobType
  /** Names of what earlier attempts have stored. */
  stored: readonly string[]
  /** Takes the secrets of the run out of a text. */
  redact(text: string): string
  /** Aborted when the run is to stop: then a PUT that fails is not tried again. */
  until: AbortSignal
  onFailure(error: unknown, delayMs: number): void
}

export interface Outputs {
  /** What a handler gets. Throws JobRunError, or the JobsApiError that ended it. */
  output: HandlerContext['output']
  /**
   * For when the handler has completed: waits for what it left under way.
   * @throws JobRunError when a declared output is not there, or the handler kept silent about one that was refused
   */
  complete(): Promise<void>
}

/** Stores outputs, for as long as it takes while the server is away. */
export function createOutputs(options: OutputsOptions): Outputs {
  const { reports, jobRunId, attempt, jobType, redact, until, onFailure } = options
  const declaration = createDeclaration(jobType)
  const stored = new Set(options.stored)
  const underWay = new Set<Promise<void>>()
  let refusal: JobRunError | undefined

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
    const described = `${name} ${type ?? ''} ${mediaType}`
    if (redact(described) !== described)
      throw new JobRunError(
        'bad_output',
        'the name or the type of an output holds a secret; name it otherwise',
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

  /** A refusal stays one when the handler catches it. */
  function store(name: string, work: () => Promise<void>): Promise<void> {
    const storing = work().then(
      () => void stored.add(name),
      (error: unknown) => {
        if (error instanceof JobRunError) refusal ??= error
        throw error
      },
    )
    underWay.add(storing)
    // Whoever calls gets the error; here it is only waited for.
    const settle = () => void underWay.delete(storing)
    storing.then(settle, settle)
    return storing
  }

  return {
    output: {
      json: (name, value, { type } = {}) =>
        store(name, async () => {
          const written = writeJsonText(await declaration.parse(name, value), limits.jsonDepth)
          if ('problem' in written)
            throw new JobRunError('bad_output', `the output ${name} is no JSON value: ${written.problem}`)
          await put(name, new TextEncoder().encode(written.text), 'application/json', type)
        }),
      text: (name, text, { mediaType = 'text/plain; charset=utf-8', type } = {}) =>
        store(name, async () => {
          await declaration.check(name, text, mediaType)
          await putChecked(name, new TextEncoder().encode(text), mediaType, type)
        }),
      bytes: (name, content, { mediaType, type }) =>
        store(name, async () => {
          await declaration.check(name, content, mediaType)
          await putChecked(name, content, mediaType, type)
        }),
    },
    async complete() {
      await Promise.allSettled(underWay)
      if (refusal) throw refusal
      declaration.requireAll(stored)
    },
  }
}

function jsonProblem(content: Uint8Array): string | undefined {
  // One that is too large is refused for that.
  if (content.byteLength > workerLimits.outputBytes) return undefined
  const decoded = decodeUtf8(content)
  if ('badByte' in decoded) return `at byte offset ${decoded.badByte}: is not UTF-8`
  return describeJsonProblem(jsonTextProblems(decoded.text, limits.jsonDepth)[0])
}
