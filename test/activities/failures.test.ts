import { ApplicationFailure, CancelledFailure, CompleteAsyncError } from '@temporalio/activity'
import { ServiceError } from '@temporalio/client'
import { describe, expect, it } from 'vitest'
import {
  createDefects,
  isDefect,
  soonAgain,
  toFailure,
  withFailures as withFailuresOf,
} from '../../src/activities/failures.ts'
import { JobwrightError } from '../../src/base/errors.ts'
import { JobsApiError, type JobsApiErrorDetails } from '../../src/client/index.ts'
import { inActivity } from '../helpers/in-activity.ts'

const withFailures = <T>(work: () => Promise<T>, defects = createDefects()) => withFailuresOf(work, defects)

function apiError(details: Partial<JobsApiErrorDetails>): JobsApiError {
  return new JobsApiError({
    kind: 'ambiguous',
    code: 'c',
    reason: 'r',
    method: 'POST',
    url: '/job-runs',
    ...details,
  })
}

describe('a failure of the Jobs API', () => {
  it.each<[string, Partial<JobsApiErrorDetails>, boolean]>([
    ['not sent', { kind: 'not_sent', code: 'connection_refused' }, true],
    ['cut off', { code: 'connection_lost' }, true],
    ['broken on the server', { code: 'http_500', status: 500 }, true],
    ['too many requests', { code: 'http_429', status: 429 }, true],
    ['a token that may be replaced', { kind: 'rejected', code: 'http_401', status: 401 }, true],
    ['forbidden', { kind: 'rejected', code: 'http_403', status: 403 }, false],
    ['a config that is wrong', { kind: 'rejected', code: 'invalid_config', status: 422 }, false],
    ['a key that is barred', { code: 'key_barred', status: 409 }, false],
  ])('%s keeps its code, and is tried again only where that can help', (_what, details, again) => {
    expect(toFailure(apiError(details))).toMatchObject({
      type: details.code,
      message: 'POST /job-runs: r',
      nonRetryable: !again,
    })
  })

  it('waits as long as the server asks', () => {
    expect(toFailure(apiError({ status: 429, retryAfterMs: 7_000 }))).toMatchObject({ nextRetryDelay: 7_000 })
    expect(toFailure(apiError({ status: 429, retryAfterMs: 10 ** 9 }))).toMatchObject({
      nextRetryDelay: 3_600_000,
    })
    // Temporal would take it for a retry that is not to be.
    expect(toFailure(apiError({ status: 503, retryAfterMs: 0 }))).not.toHaveProperty(
      'nextRetryDelay',
      expect.anything(),
    )
    expect(toFailure(apiError({ status: 503 }))).not.toHaveProperty('nextRetryDelay', expect.anything())
  })

  it('is told from what nobody expects, and what we refuse ourselves is final', () => {
    expect(isDefect(new RangeError('deep'))).toBe(true)
    expect(isDefect('text')).toBe(true)
    expect(isDefect(new JobwrightError({ code: 'c', fault: 'defect', message: 'm' }))).toBe(true)
    for (const error of [
      apiError({}),
      new CompleteAsyncError(),
      new CancelledFailure('c'),
      ApplicationFailure.retryable('m', 't'),
      new ServiceError('Temporal is away'),
      new JobwrightError({ code: 'c', fault: 'unreachable', message: 'm' }),
    ])
      expect(isDefect(error)).toBe(false)
    const refused = new JobwrightError({ code: 'bad_setting', fault: 'usage', message: 'm' })
    expect(toFailure(refused)).toMatchObject({ type: 'bad_setting', nonRetryable: true })
  })

  it('is the only thing that is changed', () => {
    const own = new TypeError('a defect')
    expect(toFailure(own)).toBe(own)
  })
})

describe('an activity', () => {
  it('gives what the work gives, and maps what it throws', async () => {
    expect(await inActivity(() => withFailures(async () => 5))).toBe(5)
    const failing = inActivity(() => withFailures(() => Promise.reject(apiError({ code: 'timeout' }))))
    await expect(failing).rejects.toMatchObject({ type: 'timeout', nonRetryable: false })
  })

  it('that was cancelled ends as cancelled, whatever the abort made of its request', async () => {
    const cancelled = inActivity((cancel) =>
      withFailures(async () => {
        cancel({ cancelRequested: true })
        throw apiError({ code: 'aborted' })
      }),
    )
    await expect(cancelled).rejects.toBeInstanceOf(CancelledFailure)
  })

  it('whose worker shuts down is tried again, and is no cancel', async () => {
    const stopped = inActivity((cancel) =>
      withFailures(async () => {
        cancel({ workerShutdown: true })
        throw apiError({ code: 'aborted' })
      }),
    )
    const failure = await stopped.catch((error: unknown) => error)
    expect(failure).toBeInstanceOf(ApplicationFailure)
    expect(failure).toMatchObject({ type: 'worker_shutdown', nonRetryable: false })
  })

  it('that stays open stays open, though it was cancelled meanwhile', async () => {
    const open = inActivity((cancel) =>
      withFailures(async () => {
        cancel({ cancelRequested: true })
        throw new CompleteAsyncError()
      }),
    )
    await expect(open).rejects.toBeInstanceOf(CompleteAsyncError)
  })
})

it('tries soon again what nobody listened to, until an outage looks long', () => {
  const refused = ApplicationFailure.retryable('x', 'connection_refused')
  expect(soonAgain(refused, 10)).toMatchObject({ type: 'connection_refused', nextRetryDelay: 500 })
  expect(soonAgain(refused, 11)).toBe(refused)
  const other = ApplicationFailure.retryable('x', 'timeout')
  expect(soonAgain(other, 1)).toBe(other)
})
