import {
  type AppendLogsBody,
  type FinishRunBody,
  type OutputReference,
  type ProgressBody,
  putOutputSchema,
  type ReportResult,
  type RunError,
  reportResultSchema,
  routes,
  type StartAttemptResult,
  startAttemptSchema,
} from '../contract/index.ts'
import { type Reader, readBy } from './reading.ts'
import { type CallOptions, createTransport, type JobsClientOptions, type Transport } from './transport.ts'

const readReportResult: Reader<ReportResult> = readBy(reportResultSchema)

/**
 * How a worker reports the runs it executes to our server, with a worker token (`src/contract/worker-protocol.ts`).
 * Every report may be sent again: one of an older attempt, or for a terminal run, changes nothing.
 * Every method throws JobsApiError.
 */
export class WorkerReportsClient {
  readonly #transport: Transport

  /** @throws JobwrightError `bad_base_url` */
  constructor(options: JobsClientOptions) {
    this.#transport = createTransport(options)
  }

  startAttempt(
    jobRunId: string,
    body: { attempt: number; worker: string; installation_id?: string },
    options: CallOptions = {},
  ): Promise<StartAttemptResult> {
    return this.#transport.sendJson(
      routes.startAttempt,
      { ...options, params: { job_run_id: jobRunId }, json: body },
      readBy(startAttemptSchema),
    )
  }

  finishRun(jobRunId: string, body: FinishRunBody, options: CallOptions = {}): Promise<ReportResult> {
    return this.#transport.sendJson(
      routes.finishRun,
      { ...options, params: { job_run_id: jobRunId }, json: body },
      readReportResult,
    )
  }

  retryRun(
    jobRunId: string,
    body: { attempt: number; error: RunError },
    options: CallOptions = {},
  ): Promise<ReportResult> {
    return this.#transport.sendJson(
      routes.retryRun,
      { ...options, params: { job_run_id: jobRunId }, json: body },
      readReportResult,
    )
  }

  reportProgress(jobRunId: string, body: ProgressBody, options: CallOptions = {}): Promise<ReportResult> {
    return this.#transport.sendJson(
      routes.reportProgress,
      { ...options, params: { job_run_id: jobRunId }, json: body },
      readReportResult,
    )
  }

  appendLogs(jobRunId: string, body: AppendLogsBody, options: CallOptions = {}): Promise<ReportResult> {
    return this.#transport.sendJson(
      routes.appendLogs,
      { ...options, params: { job_run_id: jobRunId }, json: body },
      readReportResult,
    )
  }

  /** Storing a name again replaces it. 409 when the run is terminal. */
  putOutput(
    jobRunId: string,
    output: {
      name: string
      attempt: number
      type?: string | undefined
      mediaType: string
      content: Uint8Array
    },
    options: CallOptions = {},
  ): Promise<OutputReference> {
    const { name, attempt, type, mediaType, content } = output
    const call = {
      ...options,
      params: { job_run_id: jobRunId, name },
      query: { attempt, type },
      bytes: { content, mediaType },
    }
    return this.#transport.sendJson(routes.putOutput, call, readBy(putOutputSchema))
  }
}
