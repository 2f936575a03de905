import { aborted, inRound, pause } from '../../base/abort.ts'
import { messageWithCauses } from '../../base/causes.ts'
import type { JobStore, OutboxItem, RunExecutor } from '../ports/index.ts'
import { backoffMs, patience, within } from './backoff.ts'
import { batches, createDesk, type Desk } from './desk.ts'
import { finishRun, readRun } from './finish-run.ts'
import { judge } from './judge.ts'
import { createOutage, type DispatchLog, type Outage } from './outage.ts'

export interface DispatcherOptions {
  store: JobStore
  executor: RunExecutor
  log: DispatchLog
  /** Calls to Temporal at a time. @default 64 */
  concurrency?: number
  /** The longest the outbox is left alone when nothing is heard and nothing is due. @default 10_000 */
  idleMs?: number
  /** @default Math.random */
  random?: () => number
}

/** A loop that runs until its signal says stop, and then ends what it has begun. */
export interface Loop {
  run(signal: AbortSignal): Promise<void>
}

/** Another server takes over what this one has claimed after so long: longer than a start and a cancel that both hang. */
const leaseMs = 30_000
/** The same for what was handed over: as long as a call to Temporal may take. Who takes it over while it still hangs starts the same run. */
const handedOverMs = 10_000
/** Nobody tells of what was handed over to a server that died. */
const longestIdleMs = handedOverMs
/** How often a cancel may find nothing to cancel before the run counts as never started. */
const notFoundTries = 5

type Settled = { done: true } | { done: false; delayMs: number; reason: string }

/** Everything that handling one item needs. */
interface Dispatch {
  store: JobStore
  executor: RunExecutor
  random: () => number
  temporal: Outage
  stopping: AbortSignal
}

/**
 * Carries the outbox to Temporal: starts and cancels, in order per run. Safe to run on several servers: rows are
 * claimed, and starting a run twice starts it once. Runs that are triggered through this server come by hand, without a claim.
 */
export function createDispatcher(options: DispatcherOptions): Loop {
  const { store, executor, log, concurrency = 64, idleMs = longestIdleMs, random = Math.random } = options
  return {
    async run(signal) {
      const database = createOutage(log, 'The database')
      const dispatch: Dispatch = {
        store,
        executor,
        random,
        temporal: createOutage(log, 'Temporal'),
        stopping: signal,
      }
      const done = batches<string>((ids) => store.dispatch.done(...ids))
      const desk = createDesk(concurrency, (items) => handleInOrder(dispatch, items, { database, done }))
      const stopTaking = store.dispatch.handOver({ ...desk, leaseMs: handedOverMs })
      signal.addEventListener('abort', stopTaking, { once: true })
      try {
        await claimInto(desk, { store, database, idleMs, random, signal })
      } finally {
        stopTaking()
        await desk.settled()
      }
    },
  }
}

/** Claims what nobody has handed over: of other servers, of earlier ones, postponed, cancels. */
async function claimInto(
  desk: Desk,
  {
    store,
    database,
    idleMs,
    random,
    signal,
  }: { store: JobStore; database: Outage; idleMs: number; random: () => number; signal: AbortSignal },
): Promise<void> {
  let failures = 0
  while (!signal.aborted) {
    await Promise.race([desk.hasRoom(), aborted(signal)])
    try {
      await inRound([signal], async (round) => {
        // Listens before it looks, so that a row that comes between the two is not left lying.
        const wake = store.dispatch.wait(idleMs, round)
        wake.catch(() => undefined)
        const limit = desk.free()
        const { items, nextDueMs } = await store.dispatch.claim({ limit, leaseMs })
        failures = 0
        database.worked()
        for (const itemsOfRun of Map.groupBy(items, (item) => item.jobRunId).values()) desk.add(itemsOfRun)
        // As many as were asked for: there may be more.
        if (items.length === limit) return
        await Promise.race([wake, pause(Math.min(nextDueMs ?? idleMs, idleMs), round)])
      })
    } catch (error) {
      database.failed(error)
      await pause(backoffMs(failures++, random), signal)
    }
  }
}

interface Settling {
  database: Outage
  done: (itemId: string) => Promise<void>
}

/** One run's items, oldest first. One that has to wait makes those behind it wait as well. */
async function handleInOrder(
  dispatch: Dispatch,
  items: readonly OutboxItem[],
  { database, done }: Settling,
): Promise<void> {
  let waiting: Extract<Settled, { done: false }> | undefined
  try {
    for (const item of items) {
      const settled = waiting ?? (await handle(dispatch, item))
      if (settled.done) await done(item.id)
      else {
        waiting = settled
        await dispatch.store.dispatch.postpone(item.id, settled.delayMs, settled.reason)
      }
    }
  } catch (error) {
    // The lease runs out, and the items come again.
    database.failed(error)
  }
}

async function handle(dispatch: Dispatch, item: OutboxItem): Promise<Settled> {
  try {
    const settled = item.kind === 'start' ? await start(dispatch, item) : await cancel(dispatch, item)
    dispatch.temporal.worked()
    return settled
  } catch (error) {
    if (error instanceof StoreError) throw error.cause
    dispatch.temporal.failed(error, { jobRunId: item.jobRunId })
    return { done: false, delayMs: backoffMs(item.tries, dispatch.random), reason: messageWithCauses(error) }
  }
}

/** Keeps a failure of the store from being taken for one of Temporal's. */
class StoreError extends Error {}

async function fromStore<T>(promise: Promise<T>): Promise<T> {
  try {
    return await promise
  } catch (error) {
    throw new StoreError('the store failed', { cause: error })
  }
}

async function start(
  { executor, stopping }: Dispatch,
  { jobRunId, jobType, execution }: OutboxItem,
): Promise<Settled> {
  await within({ ...patience, stopping }, 'Temporal', executor.start({ jobRunId, jobType, execution }))
  return { done: true }
}

async function cancel({ store, executor, random, stopping }: Dispatch, item: OutboxItem): Promise<Settled> {
  const { jobRunId } = item
  const ask = <T>(call: Promise<T>) => within({ ...patience, stopping }, 'Temporal', call)
  // Read before Temporal is asked: see finishRun.
  const seen = await fromStore(readRun(store, jobRunId))
  if (seen === undefined) return { done: true }
  if ((await ask(executor.requestCancel(jobRunId))) === 'not_found') {
    if (item.tries < notFoundTries)
      return {
        done: false,
        delayMs: backoffMs(item.tries, random),
        reason: 'Temporal does not know the run',
      }
    await fromStore(finishRun(store, seen, { status: 'cancelled' }))
    return { done: true }
  }
  // What no worker has begun is over at once, with nobody left to say so. Anything else is reported, or reconciled.
  const verdict = judge(seen, await ask(executor.describe(jobRunId)), false)
  if (verdict.do === 'finish') await fromStore(finishRun(store, seen, verdict.end))
  return { done: true }
}
