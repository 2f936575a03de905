import { randomUUIDv7 } from 'node:crypto'
import { setImmediate as nextTurn } from 'node:timers/promises'
import fc from 'fast-check'
import { sql } from 'kysely'
import { expect, test } from 'vitest'
import { isTerminalStatus, type JobRun } from '../../../src/contract/index.ts'
import type { Caller, JobStore } from '../../../src/server/ports/index.ts'
import { until } from '../../helpers/until.ts'
import { type Backend, newCaller, newRun, onEveryBackend, saveJob, triggerRun } from './backends.ts'

/** The run's end as the feed tells it now. */
async function endInFeed(store: JobStore, caller: Caller, after: string): Promise<JobRun | undefined> {
  const { changes } = await store.changes.after(caller, after, { limit: 10 })
  return changes.find(({ run }) => isTerminalStatus(run.status))?.run
}

const seed = 20_260_413
const rounds = fc.sample(
  fc.record({
    end: fc.constantFrom('completed' as const, 'failed' as const, 'cancelled' as const),
    isSetFirst: fc.boolean(),
    // Turns of the event loop that each side lets pass.
    setAfter: fc.nat(3),
    endAfter: fc.nat(3),
  }),
  { numRuns: 200, seed },
)

async function turns(count: number): Promise<void> {
  for (let turn = 0; turn < count; turn++) await nextTurn()
}

/** Ends once so many connections wait for a lock that somebody holds. */
function waitingForLocks({ db }: Backend, count: number): Promise<boolean> {
  return until(`${count} to wait for the run`, async () => {
    const { rows } = await sql`
      select 1 from pg_stat_activity where datname = current_database() and wait_event_type = 'Lock'`.execute(
      db,
    )
    return rows.length === count
  })
}

onEveryBackend('the client_ref of a run', (backend) => {
  test('is replaced by each request, and nothing else changes', async () => {
    const { store } = backend()
    const caller = newCaller()
    const run = newRun(await saveJob(store, caller), { clientRef: 'first' })
    await store.runs.create(caller, run)
    const before = await store.runs.get(caller, run.uuid)
    const head = await store.changes.head(caller)
    for (const clientRef of ['second', 'third', 'third', '']) {
      expect(await store.runs.setClientRef(caller, run.uuid, clientRef)).toEqual({
        ...before,
        client_ref: clientRef,
      })
      expect((await store.runs.get(caller, run.uuid))?.client_ref).toBe(clientRef)
    }
    expect(await store.changes.head(caller)).toBe(head)
  })

  test('that was set before the end is in the feed with the end', async () => {
    const { store } = backend()
    const caller = newCaller()
    const cursor = await store.changes.head(caller)
    const id = await triggerRun(store, caller)
    await store.reports.startAttempt(id, 1)
    expect(await store.runs.setClientRef(caller, id, 'wait')).toMatchObject({ status: 'running' })
    await store.reports.finish(id, { attempt: 1, status: 'completed' })
    expect(await endInFeed(store, caller, cursor)).toMatchObject({ uuid: id, client_ref: 'wait' })
  })

  test.each(['completed', 'failed', 'cancelled'] as const)(
    'stays as it was once the run is %s',
    async (status) => {
      const { store } = backend()
      const caller = newCaller()
      const run = newRun(await saveJob(store, caller), { clientRef: 'first' })
      await store.runs.create(caller, run)
      await store.reports.finish(run.uuid, { attempt: 1, status })
      const ended = await store.runs.get(caller, run.uuid)
      expect(await store.runs.setClientRef(caller, run.uuid, 'late')).toEqual(ended)
      expect(await store.runs.get(caller, run.uuid)).toEqual(ended)
      expect(ended).toMatchObject({ status, client_ref: 'first' })
    },
  )

  test('cannot be set on what does not exist', async () => {
    const { store } = backend()
    expect(await store.runs.setClientRef(newCaller(), randomUUIDv7(), 'x')).toBeUndefined()
    expect(await store.runs.setClientRef(newCaller(), 'no-uuid', 'x')).toBeUndefined()
  })

  test(`when it races with the end, is in the feed with it unless the answer told the end (seed ${seed})`, async () => {
    const { store, another } = backend()
    const other = await another()
    const caller = newCaller()
    const jobId = await saveJob(store, caller)
    for (const [index, { end, isSetFirst, setAfter, endAfter }] of rounds.entries()) {
      const id = await triggerRun(store, caller, jobId)
      if (end !== 'cancelled') await store.reports.startAttempt(id, 1)
      const cursor = await other.changes.head(caller)
      const clientRef = `ref-${index}`
      const set = async () => {
        await turns(setAfter)
        return store.runs.setClientRef(caller, id, clientRef)
      }
      // Reads at once, as a watcher does that never looks at this end again.
      const finish = async () => {
        await turns(endAfter)
        if (end === 'cancelled') await other.runs.requestCancel(caller, id)
        else await other.reports.finish(id, { attempt: 1, status: end })
        return endInFeed(other, caller, cursor)
      }
      const early = isSetFirst ? set() : undefined
      const [seen, answer] = await Promise.all([finish(), early ?? set()])
      const told = answer && isTerminalStatus(answer.status) ? answer.client_ref : clientRef
      expect({ index, status: seen?.status, client_ref: seen?.client_ref }).toEqual({
        index,
        status: end,
        client_ref: told,
      })
      expect({ index, client_ref: answer?.client_ref }).toEqual({ index, client_ref: told })
      expect(await endInFeed(store, caller, cursor)).toEqual(seen)
    }
  })

  test.each([
    ['set', 'end', { client_ref: 'wait' }],
    ['end', 'set', { status: 'completed', client_ref: null }],
  ] as const)('goes by who has the run first: %s, then %s', async (first, second, expected) => {
    const here = backend()
    // PGlite has one connection: there, nobody ever waits for anybody.
    if (here.kind === 'PGlite') return
    const { store, db, another } = here
    const other = await another()
    const caller = newCaller()
    const cursor = await store.changes.head(caller)
    const id = await triggerRun(store, caller)
    await store.reports.startAttempt(id, 1)
    let answer: JobRun | undefined
    const sides = {
      set: async () => {
        answer = await store.runs.setClientRef(caller, id, 'wait')
      },
      end: () => other.reports.finish(id, { attempt: 1, status: 'completed' }),
    }
    // Both queue behind a lock, in a known order.
    const work: Promise<unknown>[] = []
    await db.transaction().execute(async (trx) => {
      await trx.selectFrom('job_runs').select('uuid').where('uuid', '=', id).forUpdate().execute()
      for (const side of [first, second]) {
        work.push(sides[side]())
        await waitingForLocks(here, work.length)
      }
    })
    await Promise.all(work)
    expect(answer).toMatchObject(expected)
    expect(await endInFeed(store, caller, cursor)).toMatchObject({ uuid: id, ...expected })
  })
})
