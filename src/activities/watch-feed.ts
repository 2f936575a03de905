import { ApplicationFailure, Context } from '@temporalio/activity'
import { heartbeatEveryMs } from '../base/heartbeat.ts'
import { JobsApiError, type JobsClient, type WireChanges } from '../client/index.ts'
import { terminalJobRunStatuses } from '../contract/index.ts'
import { isDefect } from './failures.ts'
import { toRecord } from './job-run-record.ts'
import type { ActivityDependencies, WaitRef, WatchFeedInput } from './types.ts'
import { decodeWaitRef, triggerOfWait, waitOfTrigger } from './wait-ref.ts'

const pollSeconds = 20
const changesPerPoll = 200
/** A wait can be registered a moment before its activity starts; after this long its own look covers it. */
const notNowPatienceMs = 5_000
const retryPollSeconds = 0.5
/** How often it is looked for waits that never got to register themselves. */
const lookEveryMs = 5_000
/** Every wait of a connection hangs on its watcher: it goes on after anything, once what is wrong may have been put right. */
const tryAgainMs = 5_000

type FeedChange = WireChanges['changes'][number]

type WatchDependencies = Pick<ActivityDependencies, 'namespace' | 'waits' | 'heartbeatIntervalMs'> & {
  api: JobsClient
}

interface OpenCompletion {
  /** Its place in the feed, among the changes that were read. */
  place: number
  ref: WaitRef
  change: FeedChange
  /** The feed read again from here brings this change again. */
  cursorBefore: string
  since: number
}

/** What a refused request becomes: another attempt, on a worker that knows the connection perhaps. */
export function watchAgain(error: unknown): unknown {
  if (!(error instanceof ApplicationFailure) || !error.nonRetryable) return error
  return ApplicationFailure.create({
    type: error.type ?? 'error',
    message: error.message,
    nonRetryable: false,
    nextRetryDelay: tryAgainMs,
  })
}

/**
 * Follows the change feed of a connection and completes every wait whose run became terminal.
 * The cursor in the heartbeat moves only past what was acknowledged or given up, so a takeover loses nothing.
 * Ends only by cancellation or failure; the retry goes on from the last heartbeat.
 */
export async function watchFeed(deps: WatchDependencies, input: WatchFeedInput): Promise<void> {
  const context = Context.current()
  const signal = context.cancellationSignal
  let cursor = (context.info.heartbeatDetails as { cursor: string } | undefined)?.cursor ?? input.cursor
  let read = 0
  let open: OpenCompletion[] = []
  let unregistered: OpenCompletion[] = []
  let lookedAt = performance.now()
  const heartbeat = () => context.heartbeat({ cursor: firstOf(open, unregistered)?.cursorBefore ?? cursor })
  const timer = setInterval(
    heartbeat,
    heartbeatEveryMs(deps.heartbeatIntervalMs, context.info.heartbeatTimeoutMs),
  )
  try {
    while (!signal.aborted) {
      const seconds = unregistered.length > 0 ? lookEveryMs / 1000 : pollSeconds
      const page = await readPage(deps.api, cursor, open.length > 0 ? retryPollSeconds : seconds, signal)
      const changes = { changes: page.changes, cursor, read }
      open.push(...waitsAmong(changes, deps.namespace, decodeWaitRef))
      unregistered.push(...waitsAmong(changes, deps.namespace, waitOfTrigger))
      read += page.changes.length
      cursor = page.cursor
      open = await tryAll(deps, open)
      if (unregistered.length > 0 && performance.now() - lookedAt >= lookEveryMs) {
        unregistered = await completeUnregistered(deps, unregistered)
        lookedAt = performance.now()
      }
      heartbeat()
    }
  } finally {
    clearInterval(timer)
  }
  throw signal.reason
}

async function readPage(
  api: JobsClient,
  after: string,
  wait: number,
  signal: AbortSignal,
): Promise<WireChanges> {
  try {
    return await api.listJobRunChanges(
      { after, wait, limit: changesPerPoll, statuses: [...terminalJobRunStatuses] },
      { signal },
    )
  } catch (error) {
    // Another database is behind the API: its feed begins anew, and what it never had is over for the leases.
    if (error instanceof JobsApiError && error.code === 'bad_cursor')
      return api.listJobRunChanges({}, { signal })
    throw error
  }
}

interface PageOfChanges {
  changes: FeedChange[]
  /** Where it begins. */
  cursor: string
  /** How many changes were read before it. */
  read: number
}

function waitsAmong(
  { changes, cursor, read }: PageOfChanges,
  namespace: string,
  decode: typeof decodeWaitRef,
): OpenCompletion[] {
  let cursorBefore = cursor
  const found: OpenCompletion[] = []
  for (const [index, change] of changes.entries()) {
    const ref = decode(change.job_run.client_ref)
    if (ref?.namespace === namespace)
      found.push({ place: read + index, ref, change, cursorBefore, since: Date.now() })
    cursorBefore = change.cursor
  }
  return found
}

/** The earliest in the feed of two lists that are in its order. */
function firstOf([a]: OpenCompletion[], [b]: OpenCompletion[]): OpenCompletion | undefined {
  return a && b ? (a.place < b.place ? a : b) : (a ?? b)
}

/**
 * Runs that are over and still bear their trigger's reference: as a rule the trigger saw the end itself. But a worker may have
 * been lost after it took the wait and before that had registered itself with the run, and then nobody else would ever
 * complete it. One question for each pipeline run, until nothing can follow from the trigger any more.
 */
async function completeUnregistered(
  deps: WatchDependencies,
  ends: OpenCompletion[],
): Promise<OpenCompletion[]> {
  const left: OpenCompletion[] = []
  for (const [workflowId, ofOne] of Map.groupBy(ends, ({ ref }) => ref.workflowId)) {
    const pending = await deps.waits.pendingOf(workflowId)
    if (!pending) continue
    for (const end of ofOne) {
      const { activityId } = end.ref
      const trigger = triggerOfWait(end.ref)
      const isToCome =
        pending.isDeciding ||
        pending.started.has(trigger) ||
        [trigger, activityId].some((id) => pending.scheduled.has(id))
      const isOpen = pending.started.has(activityId) && (await tryOne(deps, end)) === 'not_now'
      if (isToCome || isOpen) left.push(end)
    }
  }
  return left.toSorted((a, b) => a.place - b.place)
}

/** The completions that are still to be tried, in feed order. */
async function tryAll(deps: WatchDependencies, open: OpenCompletion[]): Promise<OpenCompletion[]> {
  const outcomes = await Promise.all(open.map((each) => tryOne(deps, each)))
  const now = Date.now()
  return open.filter(({ since }, index) => outcomes[index] === 'not_now' && now - since < notNowPatienceMs)
}

/** One that breaks must not hold up the others: its wait looks for itself, and says what broke. */
async function tryOne(
  { waits }: WatchDependencies,
  { ref, change }: OpenCompletion,
): Promise<'completed' | 'not_now'> {
  try {
    return await waits.complete(ref, toRecord(change.job_run))
  } catch (error) {
    if (!isDefect(error)) throw error
    return waits.lookAgain(ref, error)
  }
}
