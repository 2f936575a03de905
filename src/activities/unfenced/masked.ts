import { ApplicationFailure } from '@temporalio/activity'
import { JobsApiError, type WireJobRun } from '../../client/index.ts'
import { rejected, toFailure } from '../failures.ts'
import type { SecretKeeper } from '../types.ts'

/** Runs `work`, and keeps secrets out of what it fails with: a server may repeat what it was sent. */
export async function masked<T>(secrets: SecretKeeper, work: () => Promise<T>): Promise<T> {
  try {
    return await work()
  } catch (error) {
    if (!(error instanceof JobsApiError)) throw error
    const failure = toFailure(error)
    if (!(failure instanceof ApplicationFailure)) throw failure
    const message = secrets.mask(failure.message)
    if (failure.nonRetryable) throw rejected(failure.type ?? error.code, message)
    throw ApplicationFailure.create({
      type: failure.type ?? error.code,
      message,
      nonRetryable: false,
      ...(error.retryAfterMs === undefined ? {} : { nextRetryDelay: error.retryAfterMs }),
    })
  }
}

/** A run without secrets in it, whatever the server echoes. */
export function maskRun(secrets: SecretKeeper, run: WireJobRun): WireJobRun {
  return JSON.parse(JSON.stringify(run), (_, value: unknown) =>
    typeof value === 'string' ? secrets.mask(value) : value,
  ) as WireJobRun
}
