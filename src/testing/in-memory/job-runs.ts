import { toRecord } from '../../activities/job-run-record.ts'
import { parseDurationMs } from '../../base/duration.ts'
import { canonicalJson } from '../../base/json.ts'
import type { JobRun, RunError } from '../../contract/index.ts'
import { decideOutcome, type StopReason } from '../../executor/outcome.ts'
import type { JobRunRecord, StepError } from '../../pipeline/plan/index.ts'
import { attemptHandler } from './attempt.ts'
import type { VirtualClock } from './clock.ts'
import { referencesOf, type StoredOutputs } from './outputs.ts'
import type { HandlerCall, InMemoryJobRun, InMemoryLogLine, InMemoryRequest, InMemoryWork } from './types.ts'

/** What job runs are run with. */
export interface JobRunsOptions {
  clock: VirtualClock
  /** What runs the configs of this job type. @throws JobwrightError where nothing does */
  workOf(request: InMemoryRequest): InMemoryWork
  /** Why the server refuses to run this, if it does. */
  refusalOf(request: InMemoryRequest): StepError | undefined
  secrets: Readonly<Record<string, string>>
  /** What else handlers may ask the Jobs API for. */
  api: object
  onCall(call: HandlerCall): void
  onLog(line: InMemoryLogLine): void
  /** A `cancel` of the pipeline run. */
  onCancel(): void
}

/** Triggers job runs, as a Jobs API with its worker does. */
export interface JobRuns {
  /** @param onEnd told once it is over. @returns the run, or why there is none */
  trigger(request: InMemoryRequest, onEnd: (record: JobRunRecord) => void): InMemoryJobRun | StepError
  byId(jobRunId: string): InMemoryJobRun | undefined
  /** Those that are not over. */
  open(): readonly InMemoryJobRun[]
}

const defaultMaxAttempts = 10
/** What Temporal does with a handler that asks for another attempt and does not say when. */
const firstRetryMs = 1_000
const longestRetryMs = 60_000

export function createJobRuns(options: JobRunsOptions): JobRuns {
  const { clock } = options
  const runs = new Map<string, InMemoryJobRun>()
  const jobs = new Map<string, string>()
  const open = new Set<InMemoryJobRun>()
  const jobIdOf = ({ step, jobId, config }: InMemoryRequest) => {
    const key = canonicalJson([step, config])
    const id = jobId ?? jobs.get(key) ?? idOf('a', jobs.size + 1)
    if (jobId === undefined) jobs.set(key, id)
    return id
  }
  return {
    trigger(request, onEnd) {
      const refusal = options.refusalOf(request)
      if (refusal) return refusal
      const shown = newRun(request, jobIdOf(request), idOf('b', runs.size + 1), clock.now())
      const run = startRun(options, runs, { request, shown, work: options.workOf(request) }, (record) => {
        open.delete(run)
        onEnd(record)
      })
      runs.set(shown.uuid, run)
      open.add(run)
      return run
    },
    byId: (jobRunId) => runs.get(jobRunId),
    open: () => [...open],
  }
}

/** Has the form that a server's has, and is the same in each run of a test. */
function idOf(kind: string, count: number): string {
  return `${kind.repeat(8)}-0000-4000-8000-${String(count).padStart(12, '0')}`
}

function iso(ms: number): string {
  return new Date(ms).toISOString()
}

function newRun(request: InMemoryRequest, jobId: string, jobRunId: string, nowMs: number): JobRun {
  return {
    uuid: jobRunId,
    job_id: jobId,
    job_name: `${request.jobType} – ${request.step}`,
    config: request.config,
    status: 'running',
    created_by: 'test@localhost',
    created_at: iso(nowMs),
    updated_at: iso(nowMs),
    is_deleted: false,
    output_references: [],
    error: null,
    started_at: iso(nowMs),
    finished_at: null,
    cancel_requested_at: null,
    attempt: 1,
    progress: null,
  }
}

/** One job run, all its attempts. */
function startRun(
  options: JobRunsOptions,
  runs: ReadonlyMap<string, InMemoryJobRun>,
  { request, shown, work }: { request: InMemoryRequest; shown: JobRun; work: InMemoryWork },
  onEnd: (record: JobRunRecord) => void,
): InMemoryJobRun {
  const { clock } = options
  const { jobType } = work
  const outputs: StoredOutputs = new Map()
  let stopped: StopReason | undefined
  let controller = new AbortController()
  let isOver = false

  const record = () => {
    shown.output_references = referencesOf(shown.uuid, outputs)
    return toRecord(shown as Parameters<typeof toRecord>[0])
  }
  const end = (status: JobRun['status'], error: RunError | null = null) => {
    isOver = true
    Object.assign(shown, { status, error, finished_at: iso(clock.now()), updated_at: iso(clock.now()) })
    onEnd(record())
  }
  const abort = (reason: StopReason) => {
    if (isOver || stopped) return
    stopped = reason
    controller.abort(new Error(reason === 'cancel' ? 'the run was cancelled' : 'the time of the run is up'))
  }
  let takeBackRetry: (() => void) | undefined

  function attempt(number: number): void {
    controller = new AbortController()
    shown.attempt = number
    const limitMs = jobType.timeout === undefined ? undefined : parseDurationMs(jobType.timeout)
    const takeBack =
      limitMs === undefined ? undefined : clock.at(clock.now() + limitMs, () => abort('timeout'), true)
    attemptHandler(
      {
        ...options,
        runs,
        request,
        shown,
        outputs,
        work,
        number,
        stop: controller.signal,
        cancelRun: () => cancel(),
      },
      (handled) => {
        takeBack?.()
        const { maxAttempts: max = defaultMaxAttempts, onWorkerLost = 'retry' } = jobType
        const outcome = decideOutcome(handled, stopped, { number, max, onWorkerLost })
        switch (outcome.become) {
          case 'completed':
          case 'cancelled':
            return end(outcome.become)
          case 'failed':
            return end('failed', outcome.error)
          case 'abandoned':
            return
          case 'retried': {
            const afterMs = outcome.afterMs ?? Math.min(firstRetryMs * 2 ** (number - 1), longestRetryMs)
            takeBackRetry = clock.at(clock.now() + afterMs, () => {
              takeBackRetry = undefined
              attempt(number + 1)
            })
            return
          }
          default:
            return outcome satisfies never
        }
      },
    )
  }

  function cancel(): void {
    shown.cancel_requested_at ??= iso(clock.now())
    if (takeBackRetry) {
      takeBackRetry()
      clock.soon(() => end('cancelled'))
    } else abort('cancel')
  }

  attempt(1)
  return { request, shown, outputs, record, cancel }
}
