import { hostname } from 'node:os'
import { ApplicationFailure, Context } from '@temporalio/activity'
import { pause } from '../base/abort.ts'
import { parseDurationMs } from '../base/duration.ts'
import { heartbeatEveryMs } from '../base/heartbeat.ts'
import { JobsApiError } from '../client/index.ts'
import { type ExecuteJobRunInput, type StartAttemptResult, workerShutdownMs } from '../contract/index.ts'
import type { AnyJobType, Isolation } from '../job-types/types.ts'
import {
  type Attempt,
  type ExecuteJobRunDependencies,
  type ExecuteJobRunSettings,
  warnOfFailure,
} from './attempt.ts'
import { conclude } from './conclude.ts'
import { type Assignment, type HandlerEnd, type HandlerEvents, toAssignment } from './handlers.ts'
import { recall, wasHandedOver } from './memory.ts'
import { decideOutcome, type Tries, toHandlerEnd } from './outcome.ts'
import { isWorthRetrying, persist } from './persistence.ts'
import { createRunReporter } from './reporter.ts'
import { withRunLog } from './run-log.ts'
import { watchForStop } from './stop-watch.ts'

const defaultMaxAttempts = 10

type Started = StartAttemptResult & { action: 'execute' }

/** A server that does not know the route, or not yet this worker's token, is one that is being set up. */
function isWorthStartingAgain(error: unknown): boolean {
  if (isWorthRetrying(error)) return true
  return error instanceof JobsApiError && (error.code === 'http_404' || error.status === 403)
}

/** Announces the attempt, for as long as it takes while the server is away. */
function start(attempt: Attempt): Promise<StartAttemptResult> {
  const { settings, jobRunId, installationId, number, stop } = attempt
  const body = {
    attempt: number,
    worker: settings.worker.slice(0, 255),
    ...(installationId === undefined ? {} : { installation_id: installationId }),
  }
  return persist(() => settings.reports.startAttempt(jobRunId, body), {
    until: stop.signal,
    worthRetrying: isWorthStartingAgain,
    onFailure: warnOfFailure(attempt, 'announcing the attempt'),
  })
}

/** Runs the handler; one that does not stop when told to is left behind after a while. */
async function runHandler(
  { settings: { handlers, handlerGraceMs }, stop }: Attempt,
  assignment: Assignment,
  isolation: Isolation,
  events: HandlerEvents,
): Promise<HandlerEnd> {
  const over = new AbortController()
  const abandon = new AbortController()
  const handled = handlers.run(assignment, { stop: stop.signal, abandon: abandon.signal, isolation }, events)
  const leftBehind = stop.stopped.then(async (): Promise<HandlerEnd> => {
    const brief = stop.reason() === 'shutdown' || stop.reason() === 'superseded'
    await pause(brief ? Math.min(handlerGraceMs, workerShutdownMs.handler) : handlerGraceMs, over.signal)
    if (!over.signal.aborted) abandon.abort()
    const message = 'the handler did not stop when it was told to'
    return { ended: 'threw', error: { code: 'did_not_stop', message } }
  })
  const end = await Promise.race([handled, leftBehind])
  over.abort()
  return end
}

async function execute(attempt: Attempt, started: Started, jobType: AnyJobType): Promise<{ status: string }> {
  const { settings, jobRunId, stop, memory } = attempt
  const reporter = createRunReporter({
    reports: settings.reports,
    jobRunId,
    attempt: attempt.number,
    flushMs: settings.logFlushMs,
    beside: attempt.beside,
  })
  const timeoutMs = jobType.timeout === undefined ? undefined : parseDurationMs(jobType.timeout)
  if (timeoutMs !== undefined) stop.allow(timeoutMs)
  const events: HandlerEvents = {
    log: (level, message, atMs) => reporter.log(level, message, atMs),
    progress: (fraction, message) => reporter.progress(fraction, message),
    warn: (fields, message) => settings.log.warn(fields, message),
  }
  const isolation = memory.isAlone ? 'process' : (jobType.isolation ?? settings.isolation)
  delete memory.isAlone
  const end = await runHandler(attempt, toAssignment(started, attempt.number), isolation, events)
  return conclude(attempt, decideOutcome(end, stop.reason(), triesOf(attempt, jobType)), reporter)
}

function triesOf({ number, memory }: Attempt, jobType: AnyJobType): Tries {
  const { maxAttempts = defaultMaxAttempts, onWorkerLost = 'retry' } = jobType
  return { number: number - memory.uncounted, max: maxAttempts, onWorkerLost }
}

/** Left for a worker of the server that knows the run. It was never begun, and uses up no attempt. */
function giveBack(attempt: Attempt, { code, message }: JobsApiError): never {
  attempt.settings.log.warn({ job_run_id: attempt.jobRunId }, message)
  attempt.memory.uncounted += 1
  // Whether the attempt before was lost is for the next one to tell, too.
  if (attempt.number === 1 || wasHandedOver(attempt)) attempt.memory.handedOver = attempt.number
  attempt.context.heartbeat(attempt.memory)
  throw ApplicationFailure.create({ message, type: code, nextRetryDelay: 1_000 })
}

async function executeAttempt(attempt: Attempt): Promise<{ status: string }> {
  let started: StartAttemptResult
  try {
    started = await start(attempt)
  } catch (error) {
    const reason = attempt.stop.reason()
    if (error instanceof JobsApiError && error.code === 'other_installation') giveBack(attempt, error)
    if (reason === undefined && error instanceof JobsApiError)
      throw ApplicationFailure.nonRetryable(error.message, error.code)
    if (reason === undefined) throw error
    const tries = { number: attempt.number, max: defaultMaxAttempts, onWorkerLost: 'retry' } as const
    return conclude(
      attempt,
      decideOutcome(
        toHandlerEnd(error, (text) => text),
        reason,
        tries,
      ),
    )
  }
  if (started.action === 'finished') return { status: started.job_run.status }
  const { registry } = attempt.settings
  const jobType = registry.get(started.job_type)
  if (jobType === undefined) {
    const message = `this worker has no job type ${started.job_type}; it has ${registry.names().join(', ') || 'none'}`
    return conclude(attempt, { become: 'failed', error: { code: 'unknown_job_type', message } })
  }
  if (started.previous_attempt === 'lost' && jobType.onWorkerLost === 'fail' && !wasHandedOver(attempt)) {
    const message = `the worker of attempt ${attempt.number - 1} was lost, and the job type is never attempted again after that`
    return conclude(attempt, { become: 'failed', error: { code: 'worker_lost', message } })
  }
  const tries = triesOf(attempt, jobType)
  // A handler that kills its worker would do so for ever: it never gets to say that it wants another attempt.
  if (started.previous_attempt === 'lost' && tries.number > tries.max && !wasHandedOver(attempt)) {
    const message = `the worker of attempt ${attempt.number - 1} was lost, and the job type allows ${tries.max} attempts`
    return conclude(attempt, { become: 'failed', error: { code: 'attempts_exhausted', message } })
  }
  return execute(attempt, started, jobType)
}

async function runActivity(
  settings: ExecuteJobRunSettings,
  input: ExecuteJobRunInput,
  context: Context,
  crowd: { size: number },
): Promise<{ status: string }> {
  const stop = watchForStop(context)
  const { heartbeatTimeoutMs } = context.info
  const everyMs = () => heartbeatEveryMs(settings.heartbeatIntervalMs, heartbeatTimeoutMs, crowd.size)
  const memory = recall(context)
  const beat = () => {
    context.heartbeat(memory)
    timer = setTimeout(beat, everyMs())
  }
  let timer = heartbeatTimeoutMs === undefined ? undefined : setTimeout(beat, everyMs())
  crowd.size += 1
  try {
    return await executeAttempt({
      settings,
      context,
      stop,
      jobRunId: input.job_run_id,
      installationId: input.installation_id,
      number: context.info.attempt,
      memory,
      beside: () => crowd.size,
    })
  } finally {
    crowd.size -= 1
    clearTimeout(timer)
    stop.release()
  }
}

/**
 * The activity that executes job runs: a standalone one of Temporal's, whose id is the run's uuid. It announces the
 * attempt, resolves and validates the config, runs the handler, and reports the end; see docs/architecture.
 * It returns the status on record; a cancelled run ends as cancelled in Temporal too.
 */
export function createExecuteJobRun(dependencies: ExecuteJobRunDependencies): {
  executeJobRun(input: ExecuteJobRunInput): Promise<{ status: string }>
} {
  const settings: ExecuteJobRunSettings = {
    worker: `${process.pid}@${hostname()}`,
    reportGiveUpMs: 60_000,
    handlerGraceMs: 20_000,
    logFlushMs: 500,
    isolation: 'shared',
    ...dependencies,
  }
  const crowd = { size: 0 }
  return {
    executeJobRun(input) {
      const context = Context.current()
      const work = () => runActivity(settings, input, context, crowd)
      return withRunLog(settings.log, input, context.info.attempt, work)
    },
  }
}
