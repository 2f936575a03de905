import {
  incompleteness,
  JobsApiError,
  type JobsClient,
  type WireJobRun,
  type WireList,
} from '../client/index.ts'

export type ListQuery = NonNullable<Parameters<JobsClient['listJobRuns']>[0]>
export type ListKind = 'active' | 'ended'

/** A request: what is asked, and when it was sent. */
export type Look =
  | { kind: 'get'; key: string; jobRunId: string; sentMs: number }
  /** `serial`: of the round that it is a page of. */
  | { kind: 'list'; of: ListKind; serial: number; query: ListQuery; sentMs: number }

export type Answer =
  | { kind: 'run'; run: WireJobRun }
  /** `cpuMs`: what reading it cost. */
  | { kind: 'list'; list: WireList<WireJobRun>; cpuMs: number }

/**
 * What a request that failed says.
 * - `missing`: there is no such run, it says.
 * - `refused`: this question is not answered; others may be.
 * - `too_large`: the answer to it is longer than we read.
 * - `throttled`: nothing is to be asked for a while.
 * - `away`: nobody is there who could answer anything.
 * - `unclear`: no usable answer to this question, and perhaps to none.
 */
export type Failure = {
  kind: 'missing' | 'refused' | 'too_large' | 'throttled' | 'away' | 'unclear'
  message: string
  retryAfterMs?: number
}

const gone: readonly number[] = [404, 410]

export function failureOf(look: Pick<Look, 'kind'>, error: unknown): Failure {
  if (!(error instanceof JobsApiError)) return { kind: 'unclear', message: String(error) }
  const { kind, code, fault, status = 0, retryAfterMs, message } = error
  if (status === 429 || (status === 503 && retryAfterMs !== undefined))
    return { kind: 'throttled', message, ...(retryAfterMs === undefined ? {} : { retryAfterMs }) }
  if (status === 401) return { kind: 'away', message: `the token is not accepted: ${message}` }
  if (look.kind === 'get' && gone.includes(status)) return { kind: 'missing', message }
  if (look.kind === 'get' && status === 403)
    return { kind: 'away', message: `the token may not read job runs: ${message}` }
  // In whichever form it is asked for. Whether this holds for more than lists, a run by itself shows.
  if (status === 403 || gone.includes(status)) return { kind: 'unclear', message }
  if (code === 'response_too_large') return { kind: 'too_large', message }
  if (kind === 'rejected' || code === 'bad_path_parameter') return { kind: 'refused', message }
  if (kind === 'not_sent' || fault === 'usage') return { kind: 'away', message }
  return { kind: 'unclear', message }
}

/** Why a list of several pages is not whole; undefined when it is, as far as the server says. */
export function shortness(
  last: WireList<unknown>,
  { pages, items, unreadable }: { pages: number; items: number; unreadable: number },
): string | undefined {
  if (pages === 1) return incompleteness(last)
  if (unreadable > 0) return `${unreadable} of its items cannot be read`
  if (last.next_cursor !== undefined) return 'there is a further page'
  if (last.count === undefined) return 'it has no count'
  const isWhole = last.count === items || last.count === last.items.length
  return isWhole ? undefined : `its count is ${last.count}, its items are ${items}`
}
