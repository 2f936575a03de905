import { ApplicationFailure, Context } from '@temporalio/activity'
import { messageOf } from '../../base/causes.ts'
import { JobwrightError } from '../../base/errors.ts'
import { heartbeatEveryMs } from '../../base/heartbeat.ts'
import type { PlanReceiver } from '../../pipeline/plan/index.ts'
import {
  messageId,
  postWebhook,
  signedHeaders,
  signingProblem,
  type WebhookAnswer,
} from '../../webhooks/index.ts'
import type {
  DeliveryReport,
  NotificationActivities,
  NotificationDependencies,
  NotificationInput,
} from './types.ts'

export function createNotificationActivities(deps: NotificationDependencies): NotificationActivities {
  return { sendNotification: (input) => alive(deps, () => attempt(deps, input)) }
}

/** So that another worker goes on soon where this one is lost. */
async function alive<T>(
  { heartbeatIntervalMs }: NotificationDependencies,
  work: () => Promise<T>,
): Promise<T> {
  const context = Context.current()
  const everyMs = heartbeatEveryMs(heartbeatIntervalMs, context.info.heartbeatTimeoutMs)
  const timer = setInterval(() => context.heartbeat(), everyMs)
  try {
    return await work()
  } finally {
    clearInterval(timer)
  }
}

async function attempt(deps: NotificationDependencies, input: NotificationInput): Promise<DeliveryReport> {
  const { info } = Context.current()
  const id = messageId(info.workflowExecution?.workflowId ?? '')
  try {
    if (input.receiver.kind === 'function')
      await deps.callFunction(
        input.receiver.name,
        { id, ...input.body },
        Context.current().cancellationSignal,
      )
    else await sendWebhook(deps, input.receiver, { id, body: JSON.stringify(input.body) })
  } catch (error) {
    const { cancellationDetails, cancellationSignal } = Context.current()
    if (cancellationDetails?.cancelRequested) throw cancellationSignal.reason
    throw toFailure(error, info.attempt)
  }
  return { attempts: info.attempt, deliveredAtMs: Date.now() }
}

async function sendWebhook(
  { readSecret, allowed, timeoutMs, userAgent }: NotificationDependencies,
  { url, secrets }: Extract<PlanReceiver, { kind: 'webhook' }>,
  { id, body }: { id: string; body: string },
): Promise<void> {
  const parts = url.kind === 'secret' ? url.parts : [String(url.value)]
  const texts = await Promise.all(
    parts.map((part) => (typeof part === 'string' ? part : readSecret(part.secret))),
  )
  const keys = await Promise.all(secrets.map((name) => signingKey(name, readSecret)))
  const answer = await postWebhook({
    url: texts.join('').trim(),
    headers: {
      'content-type': 'application/json',
      'user-agent': userAgent,
      ...signedHeaders({ id, timestamp: Math.floor(Date.now() / 1000), body }, keys),
    },
    body,
    allowed,
    timeoutMs,
    signal: Context.current().cancellationSignal,
  })
  if (answer.status < 200 || answer.status > 299) throw statusFailure(answer)
}

async function signingKey(name: string, readSecret: NotificationDependencies['readSecret']): Promise<string> {
  const value = await readSecret(name)
  const problem = signingProblem(value)
  // It may be mended where the workers run, while this is tried.
  if (problem !== undefined)
    throw new JobwrightError({
      code: 'bad_signing_secret',
      fault: 'unreachable',
      message: `the secret ${name} ${problem}`,
    })
  return value
}

/** What a receiver may answer otherwise in a moment; to anything else of 3xx and 4xx it will say the same again. */
const passing: ReadonlySet<number> = new Set([302, 303, 307, 408, 409, 425, 429])
const longestDelayMs = 60 * 60_000

function statusFailure({ status, retryAfterMs = 0 }: WebhookAnswer): ApplicationFailure {
  const isRedirect = status >= 300 && status < 400
  const message = `the receiver answered ${status}${isRedirect ? ': redirects are not followed' : ''}`
  return ApplicationFailure.create({
    type: `http_${status}`,
    message,
    nonRetryable: status < 500 && !passing.has(status),
    // Temporal takes a delay of 0 for a retry that is not to be.
    ...(retryAfterMs > 0 ? { nextRetryDelay: Math.min(retryAfterMs, longestDelayMs) } : {}),
  })
}

/** Tried again, unless it was refused for good. */
function toFailure(error: unknown, attempt: number): ApplicationFailure {
  const details = [{ attempt }]
  if (error instanceof ApplicationFailure) {
    const { type, message, nonRetryable, nextRetryDelay } = error
    return ApplicationFailure.create({
      ...(type == null ? {} : { type }),
      message: message ?? '',
      nonRetryable: nonRetryable === true,
      details,
      ...(nextRetryDelay == null ? {} : { nextRetryDelay }),
    })
  }
  if (error instanceof JobwrightError)
    return ApplicationFailure.create({
      type: error.code,
      message: error.fix === undefined ? error.message : `${error.message}; ${error.fix}`,
      nonRetryable: error.fault === 'refused',
      details,
    })
  return ApplicationFailure.create({ type: 'not_delivered', message: messageOf(error), details })
}
