import { randomUUIDv7 } from 'node:crypto'
import { sql } from 'kysely'
import { expect, test } from 'vitest'
import { parseTimestamp } from '../../../src/server/services/timestamps.ts'
import { until } from '../../helpers/until.ts'
import { all, newCaller, newRun, onEveryBackend, saveJob, triggerRun } from './backends.ts'

const wireTimestamp = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{6}$/

onEveryBackend('triggering and reading runs', (backend) => {
  test('a triggered run is pending and reads back as it was answered', async () => {
    const { store } = backend()
    const caller = newCaller()
    const run = newRun(await saveJob(store, caller), { clientRef: 'wait-1' })
    const created = await store.runs.create(caller, run)
    expect(created).toMatchObject({
      outcome: 'created',
      value: {
        uuid: run.uuid,
        job_id: run.jobId,
        job_name: run.jobName,
        config: run.config,
        status: 'pending',
        created_by: caller.email,
        is_deleted: false,
        output_references: [],
        error: null,
        started_at: null,
        finished_at: null,
        cancel_requested_at: null,
        attempt: 0,
        progress: null,
        client_ref: 'wait-1',
      },
    })
    const value = created.outcome === 'created' ? created.value : undefined
    expect(value?.created_at).toMatch(wireTimestamp)
    expect(Math.abs(Date.parse(`${value?.created_at}Z`) - Date.now())).toBeLessThan(60_000)
    expect(value?.updated_at).toBe(value?.created_at)
    expect(await store.runs.get(caller, run.uuid)).toEqual(value)
    expect(await all(store.runs.list(caller, {}))).toEqual([value])
  })

  test('a config keeps the order of its keys, odd keys and any text', async () => {
    const { store } = backend()
    const caller = newCaller()
    const text =
      '{"z":1,"a":{"10":null,"b":[1e21,-0.5,"\\u0000 \\ud800 é \\u2028"]},"__proto__":{"x":1},"":true}'
    const run = newRun(await saveJob(store, caller), { config: JSON.parse(text) })
    await store.runs.create(caller, run)
    expect(JSON.stringify((await store.runs.get(caller, run.uuid))?.config)).toBe(
      JSON.stringify(JSON.parse(text)),
    )
  })

  test('twenty triggers with one key at once make one run', async () => {
    const { store, another } = backend()
    const other = await another()
    const caller = newCaller()
    const jobId = await saveJob(store, caller)
    const key = { key: 'once', requestHash: 'hash' }
    const answers = await Promise.all(
      Array.from({ length: 20 }, (_, index) =>
        (index % 2 ? store : other).runs.create(caller, newRun(jobId), key),
      ),
    )
    expect(answers.map((answer) => answer.outcome).sort()).toEqual(['created', ...Array(19).fill('replayed')])
    const ids = new Set(answers.map((answer) => ('value' in answer ? answer.value.uuid : answer.outcome)))
    expect(ids.size).toBe(1)
    expect((await all(store.runs.list(caller, {}))).map((run) => run.uuid)).toEqual([...ids])
  })

  test('a key sent again answers the run as it is now', async () => {
    const { store } = backend()
    const caller = newCaller()
    const jobId = await saveJob(store, caller)
    const key = { key: 'again', requestHash: 'hash' }
    const run = newRun(jobId, { clientRef: 'first' })
    await store.runs.create(caller, run, key)
    await store.reports.startAttempt(run.uuid, 1)
    const now = { outcome: 'replayed', value: { uuid: run.uuid, status: 'running', client_ref: 'first' } }
    expect(await store.runs.create(caller, newRun(jobId), key)).toMatchObject(now)
    expect(await store.runs.findByKey(caller, key)).toMatchObject(now)
  })

  test('a key used for another body is told so and changes nothing', async () => {
    const { store } = backend()
    const caller = newCaller()
    const jobId = await saveJob(store, caller)
    const run = newRun(jobId, { clientRef: 'first' })
    await store.runs.create(caller, run, { key: 'k', requestHash: 'one' })
    const other = { key: 'k', requestHash: 'two' }
    expect(await store.runs.create(caller, newRun(jobId, { clientRef: 'x' }), other)).toEqual({
      outcome: 'reused',
    })
    expect(await store.runs.findByKey(caller, other)).toEqual({ outcome: 'reused' })
    expect((await store.runs.get(caller, run.uuid))?.client_ref).toBe('first')
    expect(await store.runs.findByKey(caller, { key: 'unknown', requestHash: 'one' })).toBeUndefined()
  })

  test('a deleted or unknown job cannot be run, and its key stays free', async () => {
    const { store } = backend()
    const caller = newCaller()
    const deleted = await saveJob(store, caller)
    await store.jobs.softDelete(caller, deleted)
    const key = { key: 'free', requestHash: 'hash' }
    expect(await store.runs.create(caller, newRun(deleted), key)).toEqual({ outcome: 'job_deleted' })
    expect(await store.runs.create(caller, newRun(randomUUIDv7()), key)).toEqual({ outcome: 'job_deleted' })
    expect(await store.runs.findByKey(caller, key)).toBeUndefined()
    expect((await store.runs.create(caller, newRun(await saveJob(store, caller)), key)).outcome).toBe(
      'created',
    )
  })

  test('a key still answers after its job was deleted', async () => {
    const { store } = backend()
    const caller = newCaller()
    const jobId = await saveJob(store, caller)
    const key = { key: 'k', requestHash: 'hash' }
    await store.runs.create(caller, newRun(jobId), key)
    await store.jobs.softDelete(caller, jobId)
    expect((await store.runs.create(caller, newRun(jobId), key)).outcome).toBe('replayed')
  })

  test('triggers that race with the deletion of their job either run or are refused', async () => {
    const { store, another } = backend()
    const other = await another()
    const caller = newCaller()
    const jobId = await saveJob(store, caller)
    const [first, , ...rest] = await Promise.all([
      store.runs.create(caller, newRun(jobId)),
      other.jobs.softDelete(caller, jobId),
      ...Array.from({ length: 8 }, () => store.runs.create(caller, newRun(jobId))),
    ])
    const outcomes = [first, ...rest].map((answer) => answer.outcome)
    for (const outcome of outcomes) expect(['created', 'job_deleted']).toContain(outcome)
    expect(await all(store.runs.list(caller, {}))).toHaveLength(
      outcomes.filter((outcome) => outcome === 'created').length,
    )
  })

  test('a trigger waits for a deletion that is under way, and is refused', async () => {
    const { kind, store, db } = backend()
    // PGlite has one connection: there, nothing is ever under way at the same time.
    if (kind === 'PGlite') return
    const caller = newCaller()
    const jobId = await saveJob(store, caller)
    const { promise: isTriggering, resolve: trigger } = Promise.withResolvers<void>()
    const answer = isTriggering.then(() => store.runs.create(caller, newRun(jobId)))
    await db.transaction().execute(async (trx) => {
      await trx.updateTable('jobs').set({ is_deleted: true }).where('uuid', '=', jobId).execute()
      trigger()
      await until('the trigger to wait or to be through', async () => {
        const { rows } = await sql`
          select 1 from pg_stat_activity where datname = current_database() and wait_event_type = 'Lock'
          union all select 1 from job_runs where job_id = ${jobId}::uuid`.execute(db)
        return rows.length > 0
      })
    })
    expect(await answer).toEqual({ outcome: 'job_deleted' })
  })

  test('a list is newest first, by pages that neither skip nor repeat', async () => {
    const { store } = backend()
    const caller = newCaller()
    const jobId = await saveJob(store, caller)
    const ids: string[] = []
    for (let index = 0; index < 25; index++) ids.push(await triggerRun(store, caller, jobId))
    const everything = (await all(store.runs.list(caller, {}))).map((run) => run.uuid)
    expect(everything).toEqual(sortedNewestFirst(await all(store.runs.list(caller, {}))))
    expect(new Set(everything)).toEqual(new Set(ids))
    const paged: string[] = []
    let cursor: string | null | undefined
    let pages = 0
    do {
      const page = store.runs.list(caller, { limit: 7, ...(cursor ? { cursor } : {}) })
      paged.push(...(await all(page)).map((run) => run.uuid))
      cursor = page.nextCursor()
      pages++
    } while (cursor)
    expect(paged).toEqual(everything)
    expect(pages).toBe(4)
  })

  test('runs of the very same instant are paged as well', async () => {
    const { store, db } = backend()
    const caller = newCaller()
    const jobId = await saveJob(store, caller)
    for (let index = 0; index < 9; index++) await triggerRun(store, caller, jobId)
    const instant = sql<Date>`'2026-04-13T10:10:00.123456Z'::timestamptz`
    await db
      .updateTable('job_runs')
      .set({ created_at: instant })
      .where('workspace', '=', caller.workspace)
      .execute()
    const everything = await all(store.runs.list(caller, {}))
    expect(new Set(everything.map((run) => run.created_at))).toEqual(new Set(['2026-04-13T10:10:00.123456']))
    const paged: unknown[] = []
    for (let cursor: string | null | undefined; cursor !== null; ) {
      const page = store.runs.list(caller, { limit: 4, ...(cursor ? { cursor } : {}) })
      paged.push(...(await all(page)))
      cursor = page.nextCursor()
    }
    expect(paged).toEqual(everything)
    expect(paged).toHaveLength(9)
  })

  test('a page that ends exactly at the end has no next cursor', async () => {
    const { store } = backend()
    const caller = newCaller()
    const jobId = await saveJob(store, caller)
    for (let index = 0; index < 4; index++) await triggerRun(store, caller, jobId)
    const page = store.runs.list(caller, { limit: 4 })
    expect(await all(page)).toHaveLength(4)
    expect(page.nextCursor()).toBeNull()
    const empty = store.runs.list(newCaller(), { limit: 4 })
    expect(await all(empty)).toEqual([])
    expect(empty.nextCursor()).toBeNull()
  })

  test('a list without a limit gives everything, over several batches', async () => {
    const { store } = backend()
    const caller = newCaller()
    const jobId = await saveJob(store, caller)
    const ids: string[] = []
    for (let index = 0; index < 620; index++) ids.push(await triggerRun(store, caller, jobId))
    const page = store.runs.list(caller, {})
    const found = await all(page)
    expect(found.map((run) => run.uuid)).toEqual(sortedNewestFirst(found))
    expect(new Set(found.map((run) => run.uuid))).toEqual(new Set(ids))
    expect(found).toHaveLength(620)
    expect(page.nextCursor()).toBeNull()
    const long = store.runs.list(caller, { limit: 600 })
    expect(await all(long)).toHaveLength(600)
    expect(await all(store.runs.list(caller, { limit: 600, cursor: long.nextCursor()! }))).toHaveLength(20)
  })

  test('filters narrow a list', async () => {
    const { store } = backend()
    const caller = newCaller()
    const jobId = await saveJob(store, caller)
    const plain = await triggerRun(store, caller, jobId)
    const other = newRun(await saveJob(store, caller), { jobType: 'other' })
    await store.runs.create(caller, other)
    await store.reports.startAttempt(other.uuid, 1)
    const ids = async (filter: Parameters<typeof store.runs.list>[1]) =>
      (await all(store.runs.list(caller, filter))).map((run) => run.uuid)
    expect(await ids({ jobId })).toEqual([plain])
    expect(await ids({ jobTypes: ['other'] })).toEqual([other.uuid])
    expect(await ids({ jobTypes: ['nonesuch'] })).toEqual([])
    expect(await ids({ statuses: ['running', 'paused'] })).toEqual([other.uuid])
    expect(await ids({ statuses: ['pending'], jobTypes: ['sleep'] })).toEqual([plain])
  })

  test('a window of time falls on the microsecond', async () => {
    const { store, db } = backend()
    const caller = newCaller()
    const id = await triggerRun(store, caller)
    const created = '2026-04-13T10:10:00.123456'
    await sql`update job_runs set created_at = ${`${created}Z`}::timestamptz where uuid = ${id}`.execute(db)
    const ids = async (filter: Parameters<typeof store.runs.list>[1]) =>
      (await all(store.runs.list(caller, filter))).map((run) => run.uuid)
    expect((await store.runs.get(caller, id))?.created_at).toBe(created)
    expect(await ids({ createdAfter: parseTimestamp(created)! })).toEqual([id])
    expect(await ids({ createdBefore: parseTimestamp(created)! })).toEqual([])
    expect(await ids({ createdAfter: parseTimestamp('2026-04-13T10:10:00.123457')! })).toEqual([])
    expect(await ids({ createdBefore: parseTimestamp('2026-04-13T10:10:00.123457')! })).toEqual([id])
  })

  test('the latest run of a job is its newest, also after the job was deleted', async () => {
    const { store } = backend()
    const caller = newCaller()
    const jobId = await saveJob(store, caller)
    expect(await store.runs.latestOf(caller, jobId)).toBeUndefined()
    await triggerRun(store, caller, jobId)
    await triggerRun(store, caller, jobId)
    await triggerRun(store, caller)
    const [newest] = await all(store.runs.list(caller, { jobId }))
    await store.jobs.softDelete(caller, jobId)
    expect((await store.runs.latestOf(caller, jobId))?.uuid).toBe(newest?.uuid)
  })

  test('a cursor is refused by every list but its own', async () => {
    const { store } = backend()
    const caller = newCaller()
    const jobId = await saveJob(store, caller)
    await triggerRun(store, caller, jobId)
    await triggerRun(store, caller, jobId)
    const page = store.runs.list(caller, { limit: 1 })
    await all(page)
    const cursor = page.nextCursor()!
    const bad = expect.objectContaining({ code: 'bad_cursor' })
    expect(() => store.jobs.list(caller, { cursor })).toThrow(bad)
    expect(() => store.runs.list(newCaller(), { cursor })).toThrow(bad)
    expect(() => store.runs.logs(caller, jobId, { cursor })).toThrow(bad)
    const forged = (place: string[]) =>
      Buffer.from(JSON.stringify(['job-runs', caller.workspace, ...place])).toString('base64url')
    for (const broken of [
      '',
      'garbage',
      `${cursor}x`,
      Buffer.from('null').toString('base64url'),
      forged(['2026-02-30T00:00:00.000000', jobId]),
      forged(['2026-13-01T00:00:00.000000', jobId]),
      forged(['2026-01-01T00:00:00.000000', 'x']),
    ])
      expect(() => store.runs.list(caller, { cursor: broken }), broken).toThrow(bad)
  })

  test('an id that is no uuid is unknown', async () => {
    const { store } = backend()
    const caller = newCaller()
    expect(await store.runs.get(caller, 'x')).toBeUndefined()
    expect(await store.runs.latestOf(caller, "'; drop table job_runs")).toBeUndefined()
    expect(await store.runs.requestCancel(caller, 'x')).toEqual({ outcome: 'unknown' })
    expect(await store.jobs.get(caller, 'x')).toBeUndefined()
    expect(await store.reports.startAttempt('x', 1)).toBeUndefined()
    expect(await store.reports.workspaceOf('x')).toBeUndefined()
  })
})

function sortedNewestFirst(runs: { uuid: string; created_at: string }[]): string[] {
  const order = (a: string, b: string) => (a < b ? 1 : a > b ? -1 : 0)
  return [...runs]
    .sort((a, b) => order(a.created_at, b.created_at) || order(a.uuid, b.uuid))
    .map((run) => run.uuid)
}
