import { setTimeout as pause } from 'node:timers/promises'
import { ApplicationFailure, Context } from '@temporalio/activity'
import { heartbeatEveryMs } from '../base/heartbeat.ts'
import { JobsApiError, type JobsClient, type WireChanges } from '../client/index.ts'
import { type ChangesQuery, isTerminalStatus, terminalJobRunStatuses } from '../contract/index.ts'
import type { ActivityDependencies } from './dependencies.ts'
import { isDefect } from './failures.ts'
import { toRecord, toSlimRecord } from './job-run-record.ts'
import { createTeller } from './tell-workflows.ts'
import type { decodeWaiter } from './wait-ref.ts'
import type { WaitRef, Waits, WatchFeedInput } from './waits.ts'

const pollSeconds = 20
const changesPerPoll = 200
/** Of the newest job runs that are over, where a feed begins anew: 1,000. */
const pagesAnew = 5
/** What ends within this time is read together, and not a request for each. */
const gatherMs = 20
/** A server that does not wait, or whose feed begins anew, is asked no more often than this for nothing. */
const emptyEveryMs = 500
/** Ends on their way; beyond it the feed can wait. */
const mostOpen = 2_000
/** A wait of an activity can be registered a moment before it starts; after this long its own look covers it. */
const notNowPatienceMs = 5_000
const notNowEveryMs = 500
/** Every wait of a connection hangs on its watcher: it goes on after anything, once what is wrong may have been put right. */
const tryAgainMs = 5_000
/** A server that is started again is asked again soon; while nobody listens there, that costs nothing. */
const refusedAgainMs = 500
/** After that Temporal passes over a worker that is lost by itself. */
const letGoForMs = 10_000

/** What the watcher reads of the feed. */
type FeedChange = Pick<WireChanges['changes'][number], 'cursor' | 'job_run'>
type FeedQuery = Pick<ChangesQuery, 'client_ref_prefix'> & Required<Pick<ChangesQuery, 'limit' | 'statuses'>>
interface FeedPage {
  changes: FeedChange[]
  cursor: string
}

type WatchDependencies = Pick<ActivityDependencies, 'namespace' | 'waits' | 'heartbeatIntervalMs'> & {
  api: JobsClient
  presence: Pick<ActivityDependencies['presence'], 'identity'>
}

/** What a heartbeat leaves for the next attempt. */
interface Progress {
  cursor: string
  /** Which worker process read so far. */
  by?: string
}

/** Whose waits are looked after. */
export interface Watched {
  decode: typeof decodeWaiter
  /** Their references begin so, and the server leaves out all others. */
  prefix?: string | undefined
}

/** What a refused request becomes: another attempt, on a worker that knows the connection perhaps. */
export function watchAgain(error: unknown): unknown {
  if (!(error instanceof ApplicationFailure)) return error
  const isUnheard = error.type === 'connection_refused'
  if (!error.nonRetryable && !isUnheard) return error
  return ApplicationFailure.create({
    type: error.type ?? 'error',
    message: error.message,
    nonRetryable: false,
    nextRetryDelay: isUnheard ? refusedAgainMs : tryAgainMs,
  })
}

/**
 * Follows the change feed of a connection and tells everybody who waits of the ends of their runs.
 * The cursor in the heartbeat moves only past what was acknowledged or given up, so a takeover loses nothing.
 * Ends only by cancellation or failure; the retry goes on from the last heartbeat.
 */
export async function watchFeed(
  deps: WatchDependencies,
  input: WatchFeedInput,
  watched: Watched,
): Promise<void> {
  const context = Context.current()
  const failure = new AbortController()
  const signal = AbortSignal.any([context.cancellationSignal, failure.signal])
  const failed = (error: unknown) => failure.abort(error)
  const last = context.info.heartbeatDetails as Progress | undefined
  const by = deps.presence.identity
  const teller = createTeller(last && last.by !== by ? lettingGo(deps.waits) : deps.waits, failed)
  let cursor = last?.cursor ?? input.cursor
  /** What was not acknowledged yet, in its order: the feed read again from there brings it again. */
  const open = new Map<FeedChange, string>()
  const heartbeat = () =>
    context.heartbeat({ cursor: open.values().next().value ?? cursor, by } satisfies Progress)
  const timer = setInterval(
    heartbeat,
    heartbeatEveryMs(deps.heartbeatIntervalMs, context.info.heartbeatTimeoutMs),
  )
  function pass(change: FeedChange): void {
    // A server may show what it was not asked for, and whoever is told takes it for an end.
    if (!isTerminalStatus(change.job_run.status)) return
    const waiter = watched.decode(change.job_run.client_ref)
    if (waiter?.ref.namespace !== deps.namespace) return
    open.set(change, cursor)
    const told = () => void open.delete(change)
    if (waiter.kind === 'activity') complete(deps, waiter.ref, change, signal).then(told, failed)
    else {
      const record = toSlimRecord(change.job_run, waiter.kept) ?? toRecord(change.job_run)
      teller.tell(waiter.ref.workflowId, { record, told })
    }
  }
  try {
    while (!signal.aborted) {
      const askedAtMs = performance.now()
      const page = await readPage(deps.api, cursor, watched, signal)
      for (const change of page.changes) {
        pass(change)
        cursor = change.cursor
      }
      cursor = page.cursor
      heartbeat()
      const leastMs = page.changes.length > 0 ? gatherMs : emptyEveryMs - (performance.now() - askedAtMs)
      if (leastMs > 0) await pause(leastMs, undefined, { signal })
      while (open.size > mostOpen) await pause(gatherMs, undefined, { signal })
    }
  } catch (error) {
    if (!signal.aborted) throw error
  } finally {
    clearInterval(timer)
  }
  throw signal.reason
}

/** The worker that is lost had workflows as well: what they are told of first would wait for its sticky queue. */
function lettingGo(waits: Waits): Pick<Waits, 'tell'> {
  const untilMs = performance.now() + letGoForMs
  const free = new Set<string>()
  return {
    async tell(workflowId, ended) {
      if (performance.now() < untilMs && !free.has(workflowId)) await waits.letGo(workflowId)
      free.add(workflowId)
      await waits.tell(workflowId, ended)
    },
  }
}

async function readPage(
  api: JobsClient,
  after: string,
  { prefix }: Watched,
  signal: AbortSignal,
): Promise<FeedPage> {
  const query: FeedQuery = {
    limit: changesPerPoll,
    statuses: [...terminalJobRunStatuses],
    ...(prefix === undefined ? {} : { client_ref_prefix: prefix }),
  }
  try {
    return await api.listJobRunChanges({ ...query, after, wait: pollSeconds }, { signal })
  } catch (error) {
    if (error instanceof JobsApiError && error.code === 'bad_cursor') return beginAnew(api, query, signal)
    throw error
  }
}

/**
 * Another database is behind the API, a backup of the one before perhaps: its feed begins now. What ended in it until now is read
 * from the list, the newest first; what is older, and what it never had, is for the leases.
 */
async function beginAnew(api: JobsClient, query: FeedQuery, signal: AbortSignal): Promise<FeedPage> {
  const { changes, cursor } = await api.listJobRunChanges(query, { signal })
  const { statuses, limit } = query
  const ended: FeedChange[] = []
  let next: string | undefined
  for (let pages = 0; pages < pagesAnew; pages += 1) {
    const page = await api.listJobRuns({ statuses, limit, ...(next ? { cursor: next } : {}) }, { signal })
    ended.push(...page.items.map((job_run) => ({ cursor, job_run })))
    next = page.next_cursor
    if (next === undefined) break
  }
  return { changes: [...ended, ...changes], cursor }
}

/** Completes the activity that waits. One that breaks must not hold up the others: it looks for itself, and says what broke. */
async function complete(
  { waits }: WatchDependencies,
  ref: WaitRef,
  { job_run }: FeedChange,
  signal: AbortSignal,
): Promise<void> {
  const once = async () => {
    try {
      return await waits.complete(ref, toRecord(job_run))
    } catch (error) {
      if (!isDefect(error)) throw error
      return waits.lookAgain(ref, error)
    }
  }
  const endMs = performance.now() + notNowPatienceMs
  while ((await once()) === 'not_now' && performance.now() < endMs)
    await pause(notNowEveryMs, undefined, { signal })
}
