import { hostname } from 'node:os'
import { setTimeout as delay } from 'node:timers/promises'
import { ApplicationFailure, Context } from '@temporalio/activity'
import { parseDurationMs } from '../base/duration.ts'
import { heartbeatEveryMs } from '../base/heartbeat.ts'
import { JobsApiError } from '../client/index.ts'
import { type ExecuteJobRunInput, type StartAttemptResult, workerShutdownMs } from '../contract/index.ts'
import { JobRunError } from '../job-types/errors.ts'
import type { AnyJobType, HandlerContext } from '../job-types/types.ts'
import {
  type Attempt,
  type ExecuteJobRunDependencies,
  type ExecuteJobRunSettings,
  warnOfFailure,
} from './attempt.ts'
import { conclude, wasHandedOver } from './conclude.ts'
import { decideOutcome, type HandlerEnd } from './outcome.ts'
import { createOutputs, type Outputs } from './outputs.ts'
import { isWorthRetrying, persist } from './persistence.ts'
import { createRedactor, type Redactor } from './redactor.ts'
import { createReferenceSources } from './reference-sources.ts'
import { createRunReporter, type RunReporter } from './reporter.ts'
import { prepareConfig } from './run-config.ts'
import { withRunLog } from './run-log.ts'
import { type StopWatch, watchForStop } from './stop-watch.ts'

const defaultMaxAttempts = 10

type Started = StartAttemptResult & { action: 'execute' }

/** A server that does not know the route, or not yet this worker's token, is one that is being set up. */
function isWorthStartingAgain(error: unknown): boolean {
  if (isWorthRetrying(error)) return true
  return error instanceof JobsApiError && (error.code === 'http_404' || error.status === 403)
}

/** Announces the attempt, for as long as it takes while the server is away. */
function start(attempt: Attempt): Promise<StartAttemptResult> {
  const { settings, jobRunId, number, stop } = attempt
  return persist(
    () => settings.reports.startAttempt(jobRunId, { attempt: number, worker: settings.worker.slice(0, 255) }),
    {
      until: stop.signal,
      worthRetrying: isWorthStartingAgain,
      onFailure: warnOfFailure(attempt, 'announcing the attempt'),
    },
  )
}

/** The timeout of the whole run, from when it was handed to Temporal; undefined without one. */
function deadlineOf({ context: { info } }: Attempt, jobType: AnyJobType): number | undefined {
  const own = jobType.timeout === undefined ? undefined : parseDurationMs(jobType.timeout)
  const limits = [own, info.scheduleToCloseTimeoutMs].filter((ms) => ms !== undefined && ms > 0)
  return limits.length === 0 ? undefined : info.scheduledTimestampMs + Math.min(...(limits as number[]))
}

function handlerContext(
  attempt: Attempt,
  started: Started,
  config: unknown,
  reporter: RunReporter,
  output: HandlerContext['output'],
): HandlerContext<unknown> {
  const { settings, jobRunId, number, stop } = attempt
  const { job_run, job_type, workspace } = started
  return {
    config,
    run: {
      uuid: job_run.uuid,
      jobId: job_run.job_id,
      jobName: job_run.job_name,
      jobType: job_type,
      workspace,
    },
    attempt: number,
    signal: stop.signal,
    log: {
      debug: (message) => reporter.log('debug', message),
      info: (message) => reporter.log('info', message),
      warn: (message) => reporter.log('warn', message),
      error: (message) => reporter.log('error', message),
    },
    progress: (fraction, message) => reporter.progress(fraction, message),
    output,
    api: settings.apiFor(jobRunId),
  }
}

function outputsOf(
  attempt: Attempt,
  { job_run }: Started,
  jobType: AnyJobType,
  { redact }: Redactor,
): Outputs {
  const { settings, jobRunId, number, stop } = attempt
  return createOutputs({
    reports: settings.reports,
    jobRunId,
    attempt: number,
    jobType,
    stored: job_run.output_references.flatMap(({ name }) => name ?? []),
    redact,
    until: stop.signal,
    onFailure: warnOfFailure(attempt, 'storing an output'),
  })
}

/** Runs the handler; one that does not stop when told to is left behind after a while. */
async function runHandler(work: () => Promise<void>, stop: StopWatch, graceMs: number): Promise<HandlerEnd> {
  const over = new AbortController()
  const handled = work().then(
    (): HandlerEnd => ({ ended: 'completed' }),
    (error: unknown): HandlerEnd => ({ ended: 'threw', error }),
  )
  const leftBehind = stop.stopped.then(async (): Promise<HandlerEnd> => {
    const brief = stop.reason() === 'shutdown' || stop.reason() === 'superseded'
    await delay(brief ? Math.min(graceMs, workerShutdownMs.handler) : graceMs, undefined, {
      signal: over.signal,
    }).catch(() => undefined)
    return {
      ended: 'threw',
      error: new JobRunError('did_not_stop', 'the handler did not stop when it was told to'),
    }
  })
  const end = await Promise.race([handled, leftBehind])
  over.abort()
  return end
}

async function execute(attempt: Attempt, started: Started, jobType: AnyJobType): Promise<{ status: string }> {
  const { settings, jobRunId, stop } = attempt
  const redactor: Redactor = createRedactor()
  const reporter = createRunReporter({
    reports: settings.reports,
    jobRunId,
    attempt: attempt.number,
    redactor,
    flushMs: settings.logFlushMs,
  })
  const deadline = deadlineOf(attempt, jobType)
  if (deadline !== undefined) stop.setDeadline(deadline)
  const work = async () => {
    const sources = createReferenceSources({
      secrets: settings.secrets,
      api: settings.apiFor(jobRunId),
      redactor,
      warn: (message) => reporter.log('warn', message),
      until: stop.signal,
    })
    const config = await prepareConfig(started.job_run.config, jobType.config, sources)
    stop.signal.throwIfAborted()
    const { output, complete } = outputsOf(attempt, started, jobType, redactor)
    await jobType.run(handlerContext(attempt, started, config, reporter, output))
    await complete()
  }
  const end = await runHandler(work, stop, settings.handlerGraceMs)
  const tries = { number: attempt.number, max: jobType.maxAttempts ?? defaultMaxAttempts }
  return conclude(attempt, decideOutcome(end, stop.reason(), tries, redactor.redact), reporter)
}

async function executeAttempt(attempt: Attempt): Promise<{ status: string }> {
  let started: StartAttemptResult
  try {
    started = await start(attempt)
  } catch (error) {
    const reason = attempt.stop.reason()
    if (reason === undefined && error instanceof JobsApiError)
      throw ApplicationFailure.nonRetryable(error.message, error.code)
    if (reason === undefined) throw error
    return conclude(
      attempt,
      decideOutcome(
        { ended: 'threw', error },
        reason,
        { number: attempt.number, max: defaultMaxAttempts },
        (text) => text,
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
  const maxAttempts = jobType.maxAttempts ?? defaultMaxAttempts
  // A handler that kills its worker would do so for ever: it never gets to say that it wants another attempt.
  if (started.previous_attempt === 'lost' && attempt.number > maxAttempts && !wasHandedOver(attempt)) {
    const message = `the worker of attempt ${attempt.number - 1} was lost, and the job type allows ${maxAttempts} attempts`
    return conclude(attempt, { become: 'failed', error: { code: 'attempts_exhausted', message } })
  }
  return execute(attempt, started, jobType)
}

async function runActivity(
  settings: ExecuteJobRunSettings,
  input: ExecuteJobRunInput,
  context: Context,
): Promise<{ status: string }> {
  const stop = watchForStop(context)
  const { heartbeatTimeoutMs } = context.info
  const everyMs = heartbeatEveryMs(settings.heartbeatIntervalMs, heartbeatTimeoutMs)
  const timer = heartbeatTimeoutMs === undefined ? undefined : setInterval(() => context.heartbeat(), everyMs)
  try {
    return await executeAttempt({
      settings,
      context,
      stop,
      jobRunId: input.job_run_id,
      number: context.info.attempt,
    })
  } finally {
    clearInterval(timer)
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
    ...dependencies,
  }
  return {
    executeJobRun(input) {
      const context = Context.current()
      const work = () => runActivity(settings, input, context)
      return withRunLog(settings.log, input, context.info.attempt, work)
    },
  }
}
