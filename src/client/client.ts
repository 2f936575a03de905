import type {
  Capabilities,
  ChangesQuery,
  DocumentEntry,
  JobCreateBody,
  JobListQuery,
  JobRunCreateBody,
  JobRunListQuery,
  JobTypeSchemaEntry,
  JobUpdateBody,
  LogLine,
  Metagraph,
  Whoami,
} from '../contract/index.ts'
import { targets } from '../contract/jobs/targets.ts'
import { JobsApiError } from './errors.ts'
import { readDocument, readGraph, readLogLine } from './extension-responses.ts'
import { readList, type WireList } from './lists.ts'
import type { CreateOptions, JobChangeOptions, PageQuery } from './options.ts'
import type {
  WireCancel,
  WireCancelByKey,
  WireChanges,
  WireJob,
  WireJobRun,
  WireMessage,
} from './responses.ts'
import * as read from './responses.ts'
import {
  type Call,
  type CallOptions,
  createTransport,
  type JobsClientOptions,
  type Target,
  type Transport,
} from './transport.ts'

const noContent = 204
const readJobs = readList(read.readJob)
const readJobRuns = readList(read.readJobRun)
const readLogs = readList(readLogLine)
const readDocuments = readList(readDocument)

/** Answers undefined when the server has no such thing. */
async function unlessMissing<T>(statuses: readonly number[], work: Promise<T>): Promise<T | undefined> {
  try {
    return await work
  } catch (error) {
    if (error instanceof JobsApiError && error.status !== undefined && statuses.includes(error.status))
      return undefined
    throw error
  }
}

/**
 * A client of any server that speaks the Jobs API: one method per operation. Of itself it sends again only what our server refused
 * as `overloaded`, which did nothing: when the server says, within half of the request's time.
 * Every method throws JobsApiError, whose `kind` says what is known about the request. Lists, ids and statuses of
 * foreign servers are accepted as they come, as long as ids are text.
 *
 * @example
 * ```ts
 * import { JobsClient } from 'jobwright/client'
 *
 * const api = new JobsClient({ baseUrl: 'http://127.0.0.1:8300/api/v1', token: 'TOKEN' })
 * const job = await api.createJob({ job_type: 'sleep', config: { job_type: 'sleep', duration: '2s' } })
 * const run = await api.createJobRun({ job_id: job.uuid })
 * console.log((await api.getJobRun(run.uuid, { waitSeconds: 10 })).status)
 * ```
 */
export class JobsClient {
  readonly #transport: Transport

  /** @throws JobwrightError `bad_base_url` */
  constructor(options: JobsClientOptions) {
    this.#transport = createTransport(options)
  }

  listJobSchemas(options: CallOptions = {}): Promise<JobTypeSchemaEntry[]> {
    return this.#transport.sendJson(targets.listJobSchemas, options, read.readJobTypeSchemas)
  }

  /** Saves a configuration, of a job type that `listJobSchemas` names. Nothing is run yet. */
  createJob(body: JobCreateBody, { idempotencyKey, ...options }: CreateOptions = {}): Promise<WireJob> {
    return this.#sendForJob(targets.createJob, {
      ...options,
      json: body,
      headers: { 'Idempotency-Key': idempotencyKey },
    })
  }

  /** Newest first. `next_cursor` only where the server pages and `limit` was given. */
  listJobs(query: JobListQuery = {}, options: CallOptions = {}): Promise<WireList<WireJob>> {
    return this.#transport.sendJson(targets.listJobs, { ...options, query }, readJobs)
  }

  /** A deleted job too, with `is_deleted`, where the server keeps it. */
  getJob(jobId: string, options: CallOptions = {}): Promise<WireJob> {
    return this.#sendForJob(targets.getJob, { ...options, params: { job_id: jobId } })
  }

  /** undefined when the job has no run yet. */
  async getLatestRun(jobId: string, options: CallOptions = {}): Promise<WireJobRun | undefined> {
    const call = { ...options, params: { job_id: jobId } }
    const answer = await this.#transport.send(targets.getLatestRun, call)
    return answer.status === noContent ? undefined : answer.decode(read.readRunOfJob(jobId))
  }

  /** `config` is merged over what is there; with `ifMatch: job.etag` only if that is still as it was seen. */
  updateJob(
    jobId: string,
    body: JobUpdateBody,
    { ifMatch, ...options }: JobChangeOptions = {},
  ): Promise<WireJob> {
    const headers = { 'If-Match': ifMatch }
    return this.#sendForJob(targets.updateJob, { ...options, params: { job_id: jobId }, json: body, headers })
  }

  deleteJob(jobId: string, { ifMatch, ...options }: JobChangeOptions = {}): Promise<WireMessage> {
    return this.#transport.sendJson(
      targets.deleteJob,
      { ...options, params: { job_id: jobId }, headers: { 'If-Match': ifMatch } },
      read.readMessage,
    )
  }

  /**
   * Starts a run of a job; `config` is merged over the job's own. On a server with `one_call_triggers` it may come with its `job`,
   * and `waitSeconds` are spent until it is terminal.
   *
   * @example
   * ```ts
   * // However often this is sent, it is one run.
   * const options = { idempotencyKey: 'night-2026-04-13' }
   * const { uuid } = await api.createJobRun({ job_id: job.uuid, config: { duration: '5s' } }, options)
   * console.log(uuid)
   * ```
   */
  createJobRun(
    body: JobRunCreateBody,
    { idempotencyKey, waitSeconds, ...options }: CreateOptions & { waitSeconds?: number | undefined } = {},
  ): Promise<WireJobRun> {
    const call = {
      ...this.#patient(options, waitSeconds),
      query: { wait: waitSeconds },
      json: body,
      headers: { 'Idempotency-Key': idempotencyKey },
    }
    const { job_id } = body
    const reader = job_id === undefined ? read.readJobRun : read.readRunOfJob(job_id)
    return this.#transport.sendJson(targets.createJobRun, call, reader)
  }

  /**
   * Newest first. `next_cursor` only where the server pages and `limit` was given.
   *
   * @example
   * ```ts
   * const { items, next_cursor } = await api.listJobRuns({ statuses: ['failed'], limit: 50 })
   * for (const run of items) console.log(run.uuid, run.job_name, run.error?.code)
   * if (next_cursor) console.log('there are more')
   * ```
   */
  listJobRuns(query: JobRunListQuery = {}, options: CallOptions = {}): Promise<WireList<WireJobRun>> {
    return this.#transport.sendJson(targets.listJobRuns, { ...options, query }, readJobRuns)
  }

  /**
   * `waitSeconds`: answer at once when terminal, else when it becomes so or the time is up (a server without long poll
   * ignores it).
   *
   * @example
   * ```ts
   * import { isTerminalStatus } from 'jobwright/client'
   *
   * let run = await api.createJobRun({ job_id: job.uuid })
   * while (!isTerminalStatus(run.status)) run = await api.getJobRun(run.uuid, { waitSeconds: 30 })
   * console.log(run.status, run.error?.message)
   * ```
   */
  getJobRun(
    jobRunId: string,
    { waitSeconds, ...options }: CallOptions & { waitSeconds?: number | undefined } = {},
  ): Promise<WireJobRun> {
    const call = {
      ...this.#patient(options, waitSeconds),
      params: { job_run_id: jobRunId },
      query: { wait: waitSeconds },
    }
    return this.#transport.sendJson(targets.getJobRun, call, read.answering(jobRunId, read.readJobRun))
  }

  /**
   * A terminal run answers 409 (rejected by the run's state: `code` says so), or another 4xx. Any 2xx means that the request was
   * heard, whatever its body is; whether the run is cancelled is known from the run alone.
   */
  async cancelJobRun(jobRunId: string, options: CallOptions = {}): Promise<WireCancel> {
    const call = { ...options, params: { job_run_id: jobRunId } }
    return (await this.#transport.send(targets.cancelJobRun, call)).decodeLoosely(read.readCancel)
  }

  /** undefined when the server knows no capabilities (404, 405). */
  getCapabilities(options: CallOptions = {}): Promise<Capabilities | undefined> {
    return unlessMissing(
      [404, 405],
      this.#transport.sendJson(targets.getCapabilities, options, read.readCapabilities),
    )
  }

  /**
   * Whose token this is; of a worker's, whose run it acts for. undefined when the server cannot tell (404, 405).
   *
   * @example
   * ```ts
   * const { workspace, email } = (await api.whoami()) ?? {}
   * console.log(workspace, email)
   * ```
   */
  whoami(options: CallOptions = {}): Promise<Whoami | undefined> {
    return unlessMissing([404, 405], this.#transport.sendJson(targets.whoami, options, read.readWhoami))
  }

  /**
   * Status changes in order; without `after` it starts now. `wait` is in seconds. `status` and `at` are the change's; `job_run` is
   * the run as it is now.
   *
   * @example
   * ```ts
   * let { cursor } = await api.listJobRunChanges()
   * for (;;) {
   *   const page = await api.listJobRunChanges({ after: cursor, wait: 30 })
   *   for (const { at, status, job_run } of page.changes) console.log(at, job_run.uuid, status)
   *   cursor = page.cursor
   * }
   * ```
   */
  listJobRunChanges(query: ChangesQuery = {}, options: CallOptions = {}): Promise<WireChanges> {
    return this.#transport.sendJson(
      targets.listJobRunChanges,
      { ...this.#patient(options, query.wait), query },
      read.readChanges,
    )
  }

  /** Attaches a reference to a run that is not over, for the change feed to show; the run as it is now, over or not. */
  setClientRef(jobRunId: string, clientRef: string, options: CallOptions = {}): Promise<WireJobRun> {
    return this.#transport.sendJson(
      targets.setClientRef,
      { ...options, params: { job_run_id: jobRunId }, json: { client_ref: clientRef } },
      read.readJobRun,
    )
  }

  /** Cancels what the key started, and makes sure that it never starts anything later. */
  cancelByKey(idempotencyKey: string, options: CallOptions = {}): Promise<WireCancelByKey> {
    return this.#transport.sendJson(
      targets.cancelByKey,
      { ...options, json: { idempotency_key: idempotencyKey } },
      read.readCancelByKey,
    )
  }

  /** Oldest first. */
  listJobRunLogs(
    jobRunId: string,
    page: PageQuery = {},
    options: CallOptions = {},
  ): Promise<WireList<LogLine>> {
    return this.#transport.sendJson(
      targets.listJobRunLogs,
      { ...options, params: { job_run_id: jobRunId }, query: { ...page } },
      readLogs,
    )
  }

  getOutput(
    jobRunId: string,
    name: string,
    options: CallOptions = {},
  ): Promise<{ mediaType: string; content: Uint8Array }> {
    return this.#download(targets.getOutput, { job_run_id: jobRunId, name }, options)
  }

  /**
   * `path` may hold slashes.
   *
   * @example
   * ```ts
   * await api.putDocument('pdu', 'reports/tests.md', { content: '# Tests', mediaType: 'text/markdown' })
   * ```
   */
  putDocument(
    collection: string,
    path: string,
    document: { content: Uint8Array | string; mediaType: string },
    options: CallOptions = {},
  ): Promise<DocumentEntry> {
    const content =
      typeof document.content === 'string' ? new TextEncoder().encode(document.content) : document.content
    const call = {
      ...options,
      params: { collection, path },
      bytes: { content, mediaType: document.mediaType },
    }
    return this.#transport.sendJson(targets.putDocument, call, readDocument)
  }

  getDocument(
    collection: string,
    path: string,
    options: CallOptions = {},
  ): Promise<{ mediaType: string; content: Uint8Array }> {
    return this.#download(targets.getDocument, { collection, path }, options)
  }

  deleteDocument(collection: string, path: string, options: CallOptions = {}): Promise<WireMessage> {
    return this.#transport.sendJson(
      targets.deleteDocument,
      { ...options, params: { collection, path } },
      read.readMessage,
    )
  }

  /** By path. */
  listDocuments(collection: string, options: CallOptions = {}): Promise<WireList<DocumentEntry>> {
    return this.#transport.sendJson(
      targets.listDocuments,
      { ...options, params: { collection } },
      readDocuments,
    )
  }

  /** The graph of a system and its ETag (empty when the server sends none); undefined when there is none. */
  async getMetagraph(
    system: string,
    options: CallOptions = {},
  ): Promise<{ graph: Metagraph; etag: string } | undefined> {
    const call = { ...options, params: { system } }
    const answer = await unlessMissing([404], this.#transport.send(targets.getMetagraph, call))
    if (answer === undefined) return undefined
    return {
      graph: answer.decode(readGraph),
      etag: answer.headers.get('etag') ?? '',
    }
  }

  /** Replaces the graph of `graph.system`. `ifMatch`: the ETag it must still have, else 412; null: there must be none yet. */
  async putMetagraph(
    graph: Metagraph,
    { ifMatch, ...options }: CallOptions & { ifMatch?: string | null | undefined } = {},
  ): Promise<{ graph: Metagraph; etag: string }> {
    const condition = ifMatch === null ? { 'If-None-Match': '*' } : { 'If-Match': ifMatch }
    const call = { ...options, params: { system: graph.system }, json: graph, headers: condition }
    const answer = await this.#transport.send(targets.putMetagraph, call)
    return {
      graph: answer.decode(readGraph),
      etag: answer.headers.get('etag') ?? '',
    }
  }

  async #sendForJob(target: Target, call: Call): Promise<WireJob> {
    const answer = await this.#transport.send(target, call)
    const etag = answer.headers.get('etag')
    const asked = call.params?.job_id
    const reader = asked === undefined ? read.readJob : read.answering(asked, read.readJob)
    return { ...answer.decode(reader), ...(etag === null ? {} : { etag }) }
  }

  /** A long poll's own seconds come on top of the time that any request may take. */
  #patient(options: CallOptions, waitSeconds: number | undefined): CallOptions {
    if (waitSeconds === undefined) return options
    return { ...options, timeoutMs: (options.timeoutMs ?? this.#transport.timeoutMs) + waitSeconds * 1000 }
  }

  async #download(
    target: Target,
    params: Record<string, string>,
    options: CallOptions,
  ): Promise<{ mediaType: string; content: Uint8Array }> {
    const answer = await this.#transport.send(target, { ...options, params })
    return {
      mediaType: answer.headers.get('content-type') ?? 'application/octet-stream',
      content: answer.body,
    }
  }
}
