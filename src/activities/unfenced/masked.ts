import { JobsApiError } from '../../client/index.ts'
import { toFailure } from '../failures.ts'
import type { SecretKeeper } from '../types.ts'

/** Runs `work`, and keeps secrets out of what it fails with: a server may repeat what it was sent. */
export async function masked<T>(secrets: SecretKeeper, work: () => Promise<T>): Promise<T> {
  try {
    return await work()
  } catch (error) {
    if (!(error instanceof JobsApiError)) throw error
    throw toFailure(error, secrets.mask)
  }
}

/** What a server sent, without secrets in it. */
export function maskJson<T>(secrets: SecretKeeper, value: T): T {
  return JSON.parse(JSON.stringify(value), (_, part: unknown) =>
    typeof part === 'string' ? secrets.mask(part) : part,
  ) as T
}
