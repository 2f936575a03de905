import { ApplicationFailure, CancelledFailure } from '@temporalio/activity'
import { type FinishRunBody, isTerminalStatus, type RunError, workerShutdownMs } from '../contract/index.ts'
import { type Attempt, warnOfFailure } from './attempt.ts'
import type { Outcome } from './outcome.ts'
import { persist } from './persistence.ts'
import { type LastWords, type RunReporter, worthWaitingFor } from './reporter.ts'

interface GiveUp {
  signal: AbortSignal
  release(): void
}

function startGiveUp(attempt: Attempt): GiveUp {
  const controller = new AbortController()
  const { reportGiveUpMs } = attempt.settings
  const shuttingDown = () => attempt.stop.reason() === 'shutdown'
  const timers = [
    setTimeout(
      () => controller.abort(),
      shuttingDown() ? Math.min(workerShutdownMs.report, reportGiveUpMs) : reportGiveUpMs,
    ),
  ]
  const onStop = () => {
    if (shuttingDown()) timers.push(setTimeout(() => controller.abort(), workerShutdownMs.report))
  }
  attempt.stop.signal.addEventListener('abort', onStop, { once: true })
  return {
    signal: controller.signal,
    release() {
      timers.forEach(clearTimeout)
      attempt.stop.signal.removeEventListener('abort', onStop)
    },
  }
}

/** Reports the end of the run, with what it said last. The status on record afterwards; undefined when it could not be reported. */
async function reportEnd(
  attempt: Attempt,
  until: AbortSignal,
  body: Omit<FinishRunBody, 'attempt'>,
  words: LastWords = {},
): Promise<string | undefined> {
  const { settings, jobRunId, number } = attempt
  const warn = warnOfFailure(attempt, `reporting the run as ${body.status}`)
  const send = (last: LastWords) =>
    settings.reports.finishRun(jobRunId, { attempt: number, ...body, ...last })
  try {
    const { job_run } = await (isSilent(words)
      ? persist(() => send({}), { until, onFailure: warn })
      : persist(() => send(words), { until, onFailure: warn, worthRetrying: worthWaitingFor }).catch(
          async (error: unknown) => {
            warn(error)
            // An earlier server knows of no words there; and whatever it is, the end matters more.
            await sendApart(attempt, words)
            return persist(() => send({}), { until, onFailure: warn })
          },
        ))
    return isTerminalStatus(job_run.status) ? job_run.status : body.status
  } catch (error) {
    warn(error)
    return undefined
  }
}

function isSilent({ lines, progress }: LastWords): boolean {
  return lines === undefined && progress === undefined
}

async function sendApart({ settings, jobRunId, number: attempt }: Attempt, { lines, progress }: LastWords) {
  const { reports } = settings
  if (progress) await reports.reportProgress(jobRunId, { attempt, ...progress }).catch(() => undefined)
  if (lines) await reports.appendLogs(jobRunId, { attempt, lines }).catch(() => undefined)
}

/** Asks for another attempt. The run's status when it is over or to be over, so that no other attempt shall follow. */
async function reportRetry(
  attempt: Attempt,
  until: AbortSignal,
  error: RunError,
): Promise<string | undefined> {
  const { settings, jobRunId, number } = attempt
  const warn = warnOfFailure(attempt, 'asking for another attempt')
  try {
    const { job_run } = await persist(() => settings.reports.retryRun(jobRunId, { attempt: number, error }), {
      until,
      onFailure: warn,
    })
    if (isTerminalStatus(job_run.status)) return job_run.status
    return job_run.cancel_requested_at ? 'cancelling' : undefined
  } catch (failure) {
    warn(failure)
    return undefined
  }
}

async function cancel(attempt: Attempt, until: AbortSignal, words: LastWords | undefined): Promise<never> {
  await reportEnd(attempt, until, { status: 'cancelled' }, words)
  throw new CancelledFailure('the run was cancelled')
}

async function retry(
  attempt: Attempt,
  until: AbortSignal,
  outcome: Outcome & { become: 'retried' },
): Promise<{ status: string }> {
  const answer = await reportRetry(attempt, until, outcome.error)
  // Temporal takes a CancelledFailure only from an attempt that it has told of the cancel; this one was not.
  const status = answer === 'cancelling' ? await reportEnd(attempt, until, { status: 'cancelled' }) : answer
  if (status !== undefined) return { status }
  const { memory } = attempt
  memory.handedOver = attempt.number
  if (outcome.isUncounted) memory.uncounted += 1
  if (outcome.isAlone) memory.isAlone = true
  if (attempt.context.info.heartbeatTimeoutMs !== undefined) attempt.context.heartbeat(memory)
  throw ApplicationFailure.create({
    message: outcome.error.message,
    type: outcome.error.code,
    ...(outcome.afterMs === undefined ? {} : { nextRetryDelay: outcome.afterMs }),
  })
}

/**
 * Reports what became of the run, and ends the activity accordingly. An end that cannot be reported is left in Temporal
 * in a form that the reconciler reads: completed, failed or cancelled.
 */
export async function conclude(
  attempt: Attempt,
  outcome: Outcome,
  reporter?: RunReporter,
): Promise<{ status: string }> {
  const giveUp = startGiveUp(attempt)
  try {
    const isEnd = outcome.become !== 'retried' && outcome.become !== 'abandoned'
    const words = isEnd ? await reporter?.leave(giveUp.signal) : void (await reporter?.close(giveUp.signal))
    switch (outcome.become) {
      case 'completed': {
        const status = await reportEnd(attempt, giveUp.signal, { status: 'completed' }, words)
        return { status: status ?? 'completed' }
      }
      case 'failed': {
        const { error } = outcome
        const status = await reportEnd(attempt, giveUp.signal, { status: 'failed', error }, words)
        if (status === undefined)
          throw ApplicationFailure.nonRetryable(outcome.error.message, outcome.error.code)
        return { status }
      }
      case 'cancelled':
        return await cancel(attempt, giveUp.signal, words)
      case 'retried':
        return await retry(attempt, giveUp.signal, outcome)
      case 'abandoned':
        throw ApplicationFailure.retryable(
          'another attempt has begun, or Temporal has ended this one',
          'attempt_superseded',
        )
      default:
        return outcome satisfies never
    }
  } finally {
    giveUp.release()
  }
}
