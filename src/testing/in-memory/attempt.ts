import { parseDurationMs } from '../../base/duration.ts'
import type { JsonObject } from '../../base/json.ts'
import { JobsApiError, type JobsClient } from '../../client/index.ts'
import type { WorkerReportsClient } from '../../client/worker-reports.ts'
import type { JobRun } from '../../contract/index.ts'
import { createHandle } from '../../executor/handle.ts'
import type { HandlerEnd } from '../../executor/handlers.ts'
import { type HandlerContext, JobRunError } from '../../job-types/index.ts'
import type { RealWork, VirtualClock } from './clock.ts'
import { setupError } from './errors.ts'
import { type InMemoryHandler, never } from './handlers.ts'
import type { StoredOutputs } from './outputs.ts'
import type { HandlerCall, InMemoryJobRun, InMemoryLogLine, InMemoryRequest, InMemoryWork } from './types.ts'

/** One attempt of a job run. */
export interface AttemptOptions {
  clock: VirtualClock
  runs: ReadonlyMap<string, InMemoryJobRun>
  request: InMemoryRequest
  shown: JobRun
  outputs: StoredOutputs
  work: InMemoryWork
  number: number
  stop: AbortSignal
  secrets: Readonly<Record<string, string>>
  api: object
  onCall(call: HandlerCall): void
  onLog(line: InMemoryLogLine): void
  onCancel(): void
  /** As somebody else does. */
  cancelRun(): void
}

/** Calls the handler, as a worker does. Tells of its end when no other one is at work in real time any more. */
export function attemptHandler(options: AttemptOptions, onEnd: (end: HandlerEnd) => void): void {
  const { clock, request, shown, number, stop } = options
  const place = request.item === null ? request.step : `${request.step}[${request.item}]`
  const work = clock.begin(`step ${place} (job type ${request.jobType})`)
  const sleep = createSleep(clock, work, stop)
  const { jobType } = options.work
  const run = (context: HandlerContext<unknown>) => runCalled(options, sleep, context)
  const handle = createHandle({
    registry: { get: () => ({ ...jobType, run }), names: () => [request.jobType], schemas: () => [] },
    reports: { putOutput: async (_, output) => store(options, output) },
    apiFor: () => apiOf(options),
    secrets: options.secrets,
  })
  const assignment = { jobRun: shown, jobType: request.jobType, workspace: 'test', attempt: number }
  const { step, item } = request
  const events = {
    log: (level: string, message: string) => options.onLog({ step, item, level, message }),
    progress: (fraction: number, message?: string) => {
      shown.progress = { fraction, message: message ?? null }
    },
    warn: () => {},
  }
  handle(assignment, stop, events).then(
    (end) => work.end(() => onEnd(end)),
    (error: unknown) => work.end(() => clock.fail(error)),
  )
}

/** Takes virtual time; the handler does not work meanwhile. */
function createSleep(clock: VirtualClock, work: RealWork, stop: AbortSignal) {
  return (duration: string): Promise<void> => {
    const ms = duration === never ? Number.POSITIVE_INFINITY : parseDurationMs(duration)
    if (ms === undefined) {
      const error = setupError(
        'bad_duration',
        `sleep(${JSON.stringify(duration)}) is no duration`,
        "write '500ms', '5s', '30m', '2h' or '7d'",
      )
      clock.fail(error)
      throw error
    }
    return new Promise((resolve, reject) => {
      // Not in the same breath: a handler that catches this and sleeps again would keep everything else from running.
      if (stop.aborted) return void setImmediate(reject, stop.reason).unref()
      const leave = (settle: () => void) => {
        work.unpark()
        stop.removeEventListener('abort', onStop)
        settle()
      }
      const onStop = () => {
        takeBack?.()
        leave(() => reject(stop.reason))
      }
      const takeBack =
        ms === Number.POSITIVE_INFINITY ? undefined : clock.at(clock.now() + ms, () => leave(resolve))
      stop.addEventListener('abort', onStop, { once: true })
      work.park()
    })
  }
}

type Slept = ReturnType<typeof createSleep>

/** The handler itself, or what goes wrong in its place. */
async function runCalled(
  options: AttemptOptions,
  sleep: Slept,
  context: HandlerContext<unknown>,
): Promise<void> {
  const { clock, request, number, onCall, onCancel, cancelRun, work } = options
  const { jobType, step, item, generation, fault } = request
  onCall({ jobType, step, item, generation, attempt: number, config: context.config as JsonObject })
  if (fault?.kind === 'fail')
    throw fault.code === undefined ? new Error(fault.message) : new JobRunError(fault.code, fault.message)
  if (fault?.kind === 'timeout') return sleep(never)
  if (fault?.kind === 'cancel_run') {
    clock.soon(cancelRun)
    return sleep(never)
  }
  if (fault?.kind === 'cancel') {
    clock.soon(onCancel)
    // Until that is done; what cleans up goes on.
    await sleep('0ms')
  }
  const { handler } = work
  return handler ? runHandler(options, handler, sleep, context) : work.jobType.run(context)
}

async function runHandler(
  { clock, request, number }: AttemptOptions,
  handler: InMemoryHandler,
  sleep: Slept,
  context: HandlerContext<unknown>,
): Promise<void> {
  const { signal, log, progress, api, output } = context
  const { jobType, step, item, generation } = request
  const config = context.config as JsonObject
  const outputs: unknown = await handler({
    ...{ jobType, step, item, generation, config, attempt: number },
    ...{ signal, log, progress, api, sleep },
  })
  if (outputs === undefined) return
  if (outputs === null || typeof outputs !== 'object' || Array.isArray(outputs)) {
    const error = setupError(
      'bad_handler',
      `the handler of job type ${jobType} returned ${outputs === null ? 'null' : Array.isArray(outputs) ? 'a list' : typeof outputs}`,
      'return the outputs by name, { report: … }, or nothing',
    )
    clock.fail(error)
    throw error
  }
  for (const [name, value] of Object.entries(outputs)) if (value !== undefined) await output.json(name, value)
}

type Stored = Parameters<WorkerReportsClient['putOutput']>[1]

function store({ outputs }: AttemptOptions, { name, mediaType, content, type = 'file' }: Stored) {
  outputs.set(name, { mediaType, content, type })
}

/** What a handler may ask of the Jobs API: outputs of this pipeline run, and what the test gives. */
function apiOf({ runs, api, clock, request }: AttemptOptions): JobsClient {
  const getOutput: JobsClient['getOutput'] = async (jobRunId, name) => {
    const found = runs.get(jobRunId)?.outputs.get(name)
    if (found) return found
    const url = `/api/v1/job-runs/${jobRunId}/outputs/${name}`
    const reason = 'there is no such output in memory'
    throw new JobsApiError({
      kind: 'rejected',
      code: 'unknown_output',
      reason,
      method: 'GET',
      url,
      status: 404,
    })
  }
  return new Proxy(api, {
    get(target, key) {
      const given: unknown = Reflect.get(target, key)
      if (given !== undefined) return typeof given === 'function' ? given.bind(target) : given
      if (key === 'getOutput') return getOutput
      if (typeof key === 'symbol' || key === 'then') return undefined
      const error = setupError(
        'no_api',
        `the handler of job type ${request.jobType} uses api.${key}, and there is no Jobs API in memory`,
        `give it: testPipeline(pipeline, { api: { ${key}: async () => … } })`,
      )
      clock.fail(error)
      throw error
    },
  }) as JobsClient
}
