import { JobsApiError, type WireJobRun } from '../client/index.ts'
import { createBudget } from './budget.ts'
import { chooseLook, few, longestAgo, oldestOf } from './choose.ts'
import { systemClock } from './clock.ts'
import { createDeliveries } from './deliveries.ts'
import { createHealth, isOutage, probeMs } from './health.ts'
import { addWait, createTable, type Entry, removeWait, sawMissing, sawRun } from './table.ts'
import type { Poller, PollerOptions, WaitEnd } from './types.ts'

const activeStatuses = ['pending', 'running', 'paused'] as const
const endedStatuses = ['completed', 'failed', 'cancelled'] as const
const unknownPatienceMs = 10 * 60_000
/** Lists that show less than this share of what is looked for are left alone for a while. */
const usefulShare = 0.2
const uselessMs = 60_000
const mostPages = 100

/**
 * Looks for the ends of all that waits on one connection together: few one by one, many by lists. That a run is missing from a list
 * says nothing; what it is like, only the run itself, or a list that shows it, says.
 */
export function createPoller(options: PollerOptions): Poller {
  const { api, listingMs, onWarning, clock = systemClock } = options
  const table = createTable()
  const stopped = new AbortController()
  const deliveries = createDeliveries(options, clock, stopped.signal)
  const budget = createBudget(options.requestsPerSecond)
  const health = createHealth(clock, onWarning)
  let looking: Promise<void> | undefined
  let wake = new AbortController()
  let listed = 0
  let listsAgainMs = 0
  let poor = 0
  /** Statuses beyond the reference's that runs here have: asked for along with the others, unless the server refuses that. */
  const furtherStatuses = new Set<string>()
  let asksForFurther = true

  function end({ waits }: Entry, how: WaitEnd): void {
    for (const wait of waits.values()) deliveries.push(wait, how)
  }

  function saw(runs: readonly WireJobRun[]): void {
    const nowMs = clock.now()
    for (const run of runs) {
      const ending = sawRun(table, run, nowMs)
      if (ending) end(ending.entry, { kind: 'ended', run })
      else warnOfStatus(table.byRun.get(run.uuid), run, nowMs)
    }
  }

  function warnOfStatus(entry: Entry | undefined, { uuid, status }: WireJobRun, nowMs: number): void {
    if (entry?.unknownMs === undefined) return
    furtherStatuses.add(status)
    if (entry.isWarned || nowMs - entry.unknownMs < unknownPatienceMs) return
    entry.isWarned = true
    onWarning({ kind: 'unknown_status', jobRunId: uuid, status })
  }

  /** One request within the budget; undefined when it told nothing. */
  async function ask<T>(request: (signal: AbortSignal) => Promise<T>): Promise<T | undefined> {
    for (let waitMs = budget.take(clock.now()); waitMs > 0; waitMs = budget.take(clock.now()))
      await clock.sleep(waitMs, stopped.signal)
    if (stopped.signal.aborted) return undefined
    const answer = await request(stopped.signal)
    health.well()
    return answer
  }

  async function askForRun(entry: Entry): Promise<void> {
    const { jobRunId } = entry
    try {
      const run = await ask((signal) => api.getJobRun(jobRunId, { signal }))
      // One of another id is no answer.
      if (run?.uuid === jobRunId) saw([run])
      else if (run) entry.notBeforeMs = clock.now() + uselessMs
    } catch (error) {
      if (stopped.signal.aborted) return
      if (isOutage(error)) {
        // One run that the server cannot show must not keep it from being asked for the others.
        entry.notBeforeMs = clock.now() + 5_000
        entry.lookedMs = clock.now()
        health.failed(error, 'run')
        return
      }
      if (!(error instanceof JobsApiError)) throw error
      health.well()
      const gone = sawMissing(table, jobRunId, clock.now(), listingMs)
      if (gone)
        end(gone, {
          kind: 'gone',
          code: 'job_run_gone',
          message: `the server does not know job run ${jobRunId} any more: ${error.message}`,
        })
    }
  }

  /** All pages; undefined when there was no usable answer. */
  async function askForList(
    statuses: readonly string[],
    createdAfter?: string,
  ): Promise<WireJobRun[] | undefined> {
    const runs: WireJobRun[] = []
    let cursor: string | undefined
    try {
      for (let page = 0; page < mostPages; page += 1) {
        const query = {
          statuses: [...statuses] as (typeof activeStatuses)[number][],
          ...(createdAfter === undefined ? {} : { created_after: createdAfter }),
          ...(cursor === undefined ? {} : { cursor }),
        }
        const list = await ask((signal) => api.listJobRuns(query, { signal }))
        if (!list) return undefined
        runs.push(...list.items)
        cursor = list.next_cursor
        if (cursor === undefined) break
      }
      return runs
    } catch (error) {
      if (stopped.signal.aborted) return undefined
      if (!(error instanceof JobsApiError)) throw error
      if (isOutage(error)) health.failed(error, 'list')
      // Other questions may be answered meanwhile.
      if (isOutage(error)) listsAgainMs = clock.now() + 3 * probeMs
      else if (asksForFurther && furtherStatuses.size > 0) asksForFurther = false
      else listsAgainMs = clock.now() + 10 * uselessMs
      return undefined
    }
  }

  async function lookByLists(): Promise<void> {
    const showsUnknown = asksForFurther
    const wanted = [...table.byRun.values()].filter(
      ({ unknownMs }) => showsUnknown || unknownMs === undefined,
    )
    const askedMs = clock.now()
    const active = await askForList([...activeStatuses, ...(showsUnknown ? furtherStatuses : [])])
    if (!active) return
    listed = active.length
    saw(active)
    const isOpen = (entry: Entry) => table.byRun.get(entry.jobRunId) === entry
    const absent = () =>
      wanted.filter((entry) => isOpen(entry) && (!entry.isLooked || entry.lookedMs < askedMs))
    let left = absent()
    if (left.length > few) {
      const ended = await askForList(endedStatuses, oldestOf(left))
      if (!ended) return
      saw(ended)
      left = absent()
    }
    noteUse(wanted.length, left.length)
    await Promise.all(longestAgo(left).map(askForRun))
    // Those that are in no list have their turn again; not all of them at once.
    for (const entry of left) if (isOpen(entry)) entry.notBeforeMs = clock.now() + 250
  }

  function noteUse(wanted: number, missing: number): void {
    poor = missing > few && wanted - missing < wanted * usefulShare ? poor + 1 : 0
    if (poor < 3) return
    poor = 0
    listsAgainMs = clock.now() + uselessMs
    onWarning({ kind: 'short_lists' })
  }

  async function lookOnce(): Promise<void> {
    const nowMs = clock.now()
    const blockedMs = health.blockedUntilMs() - nowMs
    if (blockedMs > 0) return rest(blockedMs)
    const look = chooseLook(table, nowMs, {
      isOn: nowMs >= listsAgainMs,
      listed,
      showsUnknown: asksForFurther,
    })
    if (look.kind === 'rest') return rest(look.untilMs - nowMs)
    if (look.kind === 'active') return lookByLists()
    // In trouble one is enough to see whether it is over.
    const entries = health.trouble() ? look.entries.slice(0, 1) : look.entries
    await Promise.all(entries.map(askForRun))
  }

  async function rest(ms: number): Promise<void> {
    wake = new AbortController()
    await clock.sleep(Math.min(ms, 60_000), AbortSignal.any([wake.signal, stopped.signal]))
  }

  async function lookOn(): Promise<void> {
    while (table.byRun.size > 0 && !stopped.signal.aborted) await lookOnce()
    looking = undefined
  }

  return {
    add(wait) {
      if (stopped.signal.aborted) return
      addWait(table, wait, clock.now())
      looking ??= lookOn()
      wake.abort()
    },
    remove: (id) => removeWait(table, id),
    lastSeen: (jobRunId) => deliveries.lastSeen(jobRunId),
    size: () => table.byRun.size,
    trouble: () => health.trouble(),
    async stop() {
      stopped.abort()
      await looking
      const open = [...table.byRun.values()].flatMap(({ waits }) => [...waits.values()])
      return [...open, ...deliveries.stop()]
    },
  }
}
