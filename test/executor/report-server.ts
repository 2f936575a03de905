import type { JsonObject } from '../../src/base/json.ts'
import { isTerminalStatus, type JobRun, type JobRunStatus } from '../../src/contract/index.ts'
import { json, runBody, type SeenRequest, startFaultServer } from '../client/fault-server.ts'
import { until } from '../helpers/until.ts'

export interface StoredRun {
  run: JobRun
  jobType: string
  retryReported: boolean
  logs: { level: string; message: string; attempt: number }[]
  /** The log reports that were taken, as they were sent: one sent again adds nothing. */
  logReports: Set<string>
  outputs: Record<string, { mediaType: string; text: string; attempt: number }>
  /** Every attempt that was announced, and what it was told about the one before. */
  attempts: { attempt: number; previous: string }[]
}

export interface ReportServer extends AsyncDisposable {
  baseUrl: string
  requests: SeenRequest[]
  add(uuid: string, config: JsonObject, jobType?: string): StoredRun
  get(uuid: string): StoredRun
  /** Resolves when the run is terminal. */
  ended(uuid: string): Promise<JobRun>
  /** Requests whose path matches are cut off without an answer, until it is called with nothing. */
  cutOff(path?: RegExp): void
  /** The next request whose path matches is taken, but its answer is lost. */
  loseAnswer(path: RegExp): void
}

/**
 * The worker protocol as `src/contract/worker-protocol.ts` has it, in memory, over real HTTP: reports of older attempts
 * and for terminal runs change nothing.
 */
export async function startReportServer(): Promise<ReportServer> {
  const runs = new Map<string, StoredRun>()
  let broken: RegExp | undefined
  let lost: RegExp | undefined
  const server = await startFaultServer((response, request, nth) => {
    if (broken?.test(request.url)) return void response.socket?.destroy()
    const match = /^\/api\/v1(?:\/worker)?\/job-runs\/([^/]+)\/([^/?]+)(?:\/([^/?]+))?/.exec(request.url)
    const stored = runs.get(match?.[1] ?? '')
    if (!match || !stored)
      return json(404, { code: 'unknown_job_run', detail: 'no such run' })(response, request, nth)
    const [, , action, name = ''] = match
    if (request.method === 'GET') {
      const output = stored.outputs[name]
      if (!output) return json(404, { code: 'unknown_output' })(response, request, nth)
      return void response.writeHead(200, { 'content-type': output.mediaType }).end(output.text)
    }
    const answer =
      action === 'outputs' ? putOutput(stored, request, name) : report(stored, action ?? '', request)
    if (lost?.test(request.url)) {
      lost = undefined
      return void response.socket?.destroy()
    }
    return json(answer.status, answer.body)(response, request, nth)
  })
  const get = (uuid: string): StoredRun => {
    const stored = runs.get(uuid)
    if (!stored) throw new Error(`no run ${uuid}`)
    return stored
  }
  return {
    baseUrl: server.baseUrl,
    requests: server.requests,
    add(uuid, config, jobType = String(config.job_type)) {
      const run: JobRun = { ...runBody, uuid, config, status: 'pending', output_references: [], attempt: 0 }
      const stored: StoredRun = {
        run,
        jobType,
        retryReported: false,
        logs: [],
        logReports: new Set(),
        outputs: {},
        attempts: [],
      }
      runs.set(uuid, stored)
      return stored
    },
    get,
    ended: (uuid) =>
      until(`run ${uuid} to end`, () => isTerminalStatus(get(uuid).run.status) && get(uuid).run),
    cutOff(path) {
      broken = path
    },
    loseAnswer(path) {
      lost = path
    },
    [Symbol.asyncDispose]: () => server[Symbol.asyncDispose](),
  }
}

type Answer = { status: number; body: unknown }

function putOutput(stored: StoredRun, request: SeenRequest, name: string): Answer {
  const attempt = Number(new URL(request.url, 'http://x').searchParams.get('attempt'))
  if (isTerminalStatus(stored.run.status) || attempt < (stored.run.attempt ?? 0))
    return { status: 409, body: { code: 'run_ended' } }
  const mediaType = request.headers['content-type'] ?? ''
  stored.outputs[name] = { mediaType, text: request.body.toString(), attempt }
  const reference = {
    type: 'file',
    uuid: runBody.uuid,
    name,
    media_type: mediaType,
    size_bytes: request.body.length,
    href: '/x',
  }
  const others = stored.run.output_references.filter((each) => each.name !== name)
  stored.run.output_references = [...others, reference]
  return { status: 200, body: reference }
}

interface ReportBody {
  attempt: number
  status?: JobRunStatus
  error?: { code: string; message: string }
  fraction?: number
  message?: string
  lines?: { level: string; message: string }[]
  progress?: { fraction?: number; message?: string }
}

function report(stored: StoredRun, action: string, request: SeenRequest): Answer {
  const body = JSON.parse(request.body.toString()) as ReportBody
  const { run } = stored
  if (action === 'start') return start(stored, body.attempt)
  const applied = !isTerminalStatus(run.status) && body.attempt >= (run.attempt ?? 0)
  if (applied) {
    if (action === 'finish') Object.assign(run, { status: body.status, error: body.error ?? null })
    if (action === 'retry') Object.assign(stored, { retryReported: true, lastError: body.error })
    const said = action === 'progress' ? body : action === 'finish' ? body.progress : undefined
    if (said) run.progress = { fraction: said.fraction, message: said.message }
    const sent = JSON.stringify(body.lines)
    if (body.lines && !stored.logReports.has(sent)) {
      stored.logReports.add(sent)
      stored.logs.push(...(body.lines ?? []).map((line) => ({ ...line, attempt: body.attempt })))
    }
  }
  return { status: 200, body: { applied, job_run: run } }
}

function start(stored: StoredRun, attempt: number): Answer {
  const { run } = stored
  if (isTerminalStatus(run.status)) return { status: 200, body: { action: 'finished', job_run: run } }
  const previous =
    (run.attempt ?? 0) === 0 || run.attempt === attempt ? 'none' : stored.retryReported ? 'retryable' : 'lost'
  Object.assign(run, { status: 'running', attempt })
  stored.retryReported = false
  stored.attempts.push({ attempt, previous })
  return {
    status: 200,
    body: {
      action: 'execute',
      job_run: run,
      job_type: stored.jobType,
      workspace: 'default',
      previous_attempt: previous,
    },
  }
}
