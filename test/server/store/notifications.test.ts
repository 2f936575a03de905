import { setTimeout as delay } from 'node:timers/promises'
import { sql } from 'kysely'
import { describe, expect, test } from 'vitest'
import type { Caller, JobStore } from '../../../src/server/ports/index.ts'
import { until } from '../../helpers/until.ts'
import { type Backend, newCaller, onEveryBackend, saveJob, triggerRun } from './backends.ts'

const hour = 3_600_000

/** Everything that somebody can wait for, with what is to wake them; begun before it is changed. */
const topics: [string, (waiter: JobStore, writer: JobStore, caller: Caller) => Promise<void>][] = [
  [
    'the change feed',
    async (waiter, writer, caller) => {
      const jobId = await saveJob(writer, caller)
      const woken = waiter.changes.wait(caller.workspace, hour)
      await triggerRun(writer, caller, jobId)
      return woken
    },
  ],
  [
    'the end of a run',
    async (waiter, writer, caller) => {
      const id = await triggerRun(writer, caller)
      await writer.reports.startAttempt(id, 1)
      const woken = waiter.runs.waitForEnd(id, hour)
      await writer.reports.finish(id, { attempt: 1, status: 'completed' })
      return woken
    },
  ],
  [
    'the outbox, by a trigger',
    async (waiter, writer, caller) => {
      const jobId = await saveJob(writer, caller)
      const woken = waiter.dispatch.wait(hour)
      await triggerRun(writer, caller, jobId)
      return woken
    },
  ],
  [
    'the outbox, by a cancel',
    async (waiter, writer, caller) => {
      const id = await triggerRun(writer, caller)
      await writer.dispatch.claim({ limit: 1_000, leaseMs: hour })
      const woken = waiter.dispatch.wait(hour)
      await writer.runs.requestCancel(caller, id)
      return woken
    },
  ],
  [
    'the outbox, by the end of a start that a cancel waits for',
    async (waiter, writer, caller) => {
      const id = await triggerRun(writer, caller)
      const { items } = await writer.dispatch.claim({ limit: 1_000, leaseMs: hour })
      await writer.runs.requestCancel(caller, id)
      // What the cancel announced must not be taken for what is waited for.
      await delay(50)
      const woken = waiter.dispatch.wait(hour)
      const start = items.find((item) => item.jobRunId === id)
      await writer.dispatch.done(start!.id)
      return woken
    },
  ],
]

/** The processes of the database that listen, for whichever store. */
async function listeners({ db }: Backend): Promise<number[]> {
  const { rows } = await sql<{ pid: number }>`
    select pid from pg_stat_activity
    where query = 'listen jobwright' and state = 'idle' and datname = current_database()`.execute(db)
  return rows.map(({ pid }) => pid)
}

/** Ends those of all stores that are open. */
async function endListeners(on: Backend): Promise<number[]> {
  const pids = await listeners(on)
  expect(pids.length).toBeGreaterThan(0)
  for (const pid of pids) await sql`select pg_terminate_backend(${pid})`.execute(on.db)
  return pids
}

// Nothing but a notification can end a wait here: the poll behind it comes after an hour.
onEveryBackend(
  'whoever waits',
  (backend) => {
    describe.each(topics)('for %s', (_name, change) => {
      test('is woken by a change through the same server', async () => {
        const { store } = backend()
        await await change(store, store, newCaller())
      })

      test('is woken by a change through another server', async () => {
        const { store, another } = backend()
        await await change(await another(), store, newCaller())
      })
    })

    test('is woken for what was changed while nobody listened, and hears again afterwards', async (context) => {
      const on = backend()
      if (on.kind === 'PGlite') return context.skip('it has one process, and no listener')
      const waiter = await on.another()
      const caller = newCaller()
      const jobId = await saveJob(on.store, caller)
      const woken = waiter.changes.wait(caller.workspace, hour)
      const ended = await endListeners(on)
      await triggerRun(on.store, caller, jobId)
      await woken
      // All of them: one that is back later would wake whoever waits in the next test.
      await until('the listeners are back', async () => {
        const back = (await listeners(on)).filter((pid) => !ended.includes(pid))
        return back.length >= ended.length
      })
      for (const [, change] of topics) await await change(waiter, on.store, newCaller())
    })

    test('does not hear of other workspaces, nor of other runs', async () => {
      const { store } = backend()
      const [caller, other] = [newCaller(), newCaller()]
      const mine = await triggerRun(store, caller)
      const ended = new AbortController()
      let woken = 0
      const waits = [
        store.changes.wait(caller.workspace, hour, ended.signal),
        store.runs.waitForEnd(mine, hour, ended.signal),
      ].map((wait) => wait.then(() => (woken += 1)))
      const heard = store.changes.wait(other.workspace, hour)
      await triggerRun(store, other)
      await heard
      expect(woken).toBe(0)
      ended.abort()
      await Promise.all(waits)
    })

    test('leaves when it is told to, or the server closes', async () => {
      const on = backend()
      const caller = newCaller()
      const ended = new AbortController()
      const wait = on.store.changes.wait(caller.workspace, hour, ended.signal)
      ended.abort()
      await wait
      if (on.kind === 'PGlite') return
      const other = await on.another()
      const waits = [other.changes.wait(caller.workspace, hour), other.dispatch.wait(hour)]
      await other.close()
      await Promise.all(waits)
    })

    test('looks again soon at an item whose run somebody else has locked', async (context) => {
      const { db, kind, store } = backend()
      if (kind === 'PGlite') return context.skip('it has one connection, and nobody else')
      await db.deleteFrom('outbox').execute()
      const id = await triggerRun(store, newCaller())
      await db.transaction().execute(async (trx) => {
        await trx.selectFrom('job_runs').select('uuid').where('uuid', '=', id).forUpdate().execute()
        const { items, nextDueMs } = await store.dispatch.claim({ limit: 10, leaseMs: 1 })
        expect(items).toEqual([])
        expect(nextDueMs).toBeLessThanOrEqual(100)
      })
      expect((await store.dispatch.claim({ limit: 10, leaseMs: 1 })).items).toMatchObject([{ jobRunId: id }])
    })

    test('is told when the next item of the outbox is due', async () => {
      const { db, store } = backend()
      await db.deleteFrom('outbox').execute()
      await triggerRun(store, newCaller())
      const { items } = await store.dispatch.claim({ limit: 10, leaseMs: 60_000 })
      const claimed = await store.dispatch.claim({ limit: 10, leaseMs: 1 })
      expect(claimed.items).toEqual([])
      expect(claimed.nextDueMs).toBeGreaterThan(50_000)
      await store.dispatch.postpone(items[0]!.id, 20_000, 'later')
      const postponed = await store.dispatch.claim({ limit: 10, leaseMs: 1 })
      expect(postponed.nextDueMs).toBeGreaterThan(10_000)
      expect(postponed.nextDueMs).toBeLessThan(30_000)
      await store.dispatch.done(items[0]!.id)
      expect(await store.dispatch.claim({ limit: 10, leaseMs: 1 })).toEqual({ items: [], nextDueMs: null })
    })
  },
  { backstopMs: hour },
)

onEveryBackend(
  'a notification that is lost',
  (backend) => {
    test('is made up for by a look that all who wait share', async () => {
      const { db, store } = backend()
      const caller = newCaller()
      const id = await triggerRun(store, caller)
      const waits = [store.runs.waitForEnd(id, hour), store.changes.wait(caller.workspace, hour)]
      // As another server would behind a pooler: nobody is told.
      await sql`update change_counters set last_seq = last_seq + 1 where workspace = ${caller.workspace}`.execute(
        db,
      )
      await Promise.all(waits)
    })
  },
  { backstopMs: 100 },
)
