import { randomUUIDv7 } from 'node:crypto'
import { expect, test } from 'vitest'
import { readNewest } from '../../../src/server/store/paging.ts'
import { all, newCaller, newJob, onEveryBackend, saveJob } from './backends.ts'

onEveryBackend('saving jobs', (backend) => {
  test('a job reads back as it was answered', async () => {
    const { store } = backend()
    const caller = newCaller()
    const job = newJob({ sourceSessionId: randomUUIDv7(), sourceProjectId: randomUUIDv7() })
    const created = await store.jobs.create(caller, job)
    const value = created.outcome === 'created' ? created.value : undefined
    expect(value).toEqual({
      uuid: job.uuid,
      name: job.name,
      description: null,
      config: job.config,
      is_deleted: false,
      created_by: caller.email,
      created_at: expect.stringMatching(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{6}$/),
      updated_at: null,
      source_session_id: job.sourceSessionId,
      source_project_id: job.sourceProjectId,
    })
    expect(await store.jobs.get(caller, job.uuid)).toEqual({ ...value, jobType: 'sleep' })
    expect(await all(store.jobs.list(caller, {}))).toEqual([value])
  })

  test('a key makes one job, however often it is sent', async () => {
    const { store } = backend()
    const caller = newCaller()
    const key = { key: 'job', requestHash: 'hash' }
    expect(await store.jobs.findByKey(caller, key)).toBeUndefined()
    const answers = await Promise.all(
      Array.from({ length: 10 }, () => store.jobs.create(caller, newJob(), key)),
    )
    expect(answers.map((answer) => answer.outcome).sort()).toEqual(['created', ...Array(9).fill('replayed')])
    const [job, ...others] = await all(store.jobs.list(caller, {}))
    expect(others).toEqual([])
    expect(await store.jobs.findByKey(caller, key)).toEqual({ outcome: 'replayed', value: job })
    expect(await store.jobs.create(caller, newJob(), { key: 'job', requestHash: 'other' })).toEqual({
      outcome: 'reused',
    })
  })

  test('keys of jobs and of runs are apart', async () => {
    const { store } = backend()
    const caller = newCaller()
    const key = { key: 'shared', requestHash: 'hash' }
    await store.jobs.create(caller, newJob(), key)
    expect(await store.runs.findByKey(caller, key)).toBeUndefined()
    expect(await store.runs.cancelByKey(caller, 'shared')).toEqual({ outcome: 'barred' })
    expect((await store.jobs.findByKey(caller, key))?.outcome).toBe('replayed')
  })

  test('an update goes through only over the config it was made from', async () => {
    const { store } = backend()
    const caller = newCaller()
    const jobId = await saveJob(store, caller)
    const before = { config: { seconds: 1, job_type: 'sleep' }, updated_at: null }
    const updated = await store.jobs.update(caller, jobId, before, { job_type: 'sleep', seconds: 2 })
    expect(updated).toMatchObject({
      uuid: jobId,
      config: { job_type: 'sleep', seconds: 2 },
      updated_at: expect.any(String),
    })
    expect(await store.jobs.update(caller, jobId, before, { job_type: 'sleep', seconds: 3 })).toBeUndefined()
    expect((await store.jobs.get(caller, jobId))?.config).toEqual({ job_type: 'sleep', seconds: 2 })
    // Back at the same config it is not the same state.
    const back = await store.jobs.update(caller, jobId, updated!, before.config)
    expect(await store.jobs.update(caller, jobId, before, before.config)).toBeUndefined()
    expect(await store.jobs.softDelete(caller, jobId, before)).toBe(false)
    expect(await store.jobs.softDelete(caller, jobId, back)).toBe(true)
  })

  test('of several updates over the same config exactly one goes through', async () => {
    const { store, another } = backend()
    const other = await another()
    const caller = newCaller()
    const jobId = await saveJob(store, caller)
    const before = { config: { job_type: 'sleep', seconds: 1 }, updated_at: null }
    const answers = await Promise.all(
      Array.from({ length: 10 }, (_, seconds) =>
        (seconds % 2 ? store : other).jobs.update(caller, jobId, before, {
          job_type: 'sleep',
          seconds: seconds + 10,
        }),
      ),
    )
    const winners = answers.filter((answer) => answer !== undefined)
    expect(winners).toHaveLength(1)
    expect((await store.jobs.get(caller, jobId))?.config).toEqual(winners[0]?.config)
  })

  test('a deleted job leaves the lists, refuses updates and still answers', async () => {
    const { store } = backend()
    const caller = newCaller()
    const jobId = await saveJob(store, caller)
    expect(await store.jobs.softDelete(caller, jobId)).toBe(true)
    const deleted = await store.jobs.get(caller, jobId)
    expect(deleted).toMatchObject({ is_deleted: true })
    expect(await store.jobs.softDelete(caller, jobId)).toBe(true)
    expect(await store.jobs.get(caller, jobId)).toEqual(deleted)
    expect(await all(store.jobs.list(caller, {}))).toEqual([])
    const config = { job_type: 'sleep', seconds: 1 }
    expect(await store.jobs.update(caller, jobId, deleted!, config)).toBeUndefined()
    expect(await store.jobs.softDelete(caller, randomUUIDv7())).toBe(false)
  })

  test('lists page and filter', async () => {
    const { store } = backend()
    const caller = newCaller()
    const session = randomUUIDv7()
    const ids: string[] = []
    for (let index = 0; index < 9; index++) {
      const job = newJob({
        jobType: index % 3 ? 'sleep' : 'other',
        sourceSessionId: index === 4 ? session : null,
      })
      await store.jobs.create(index === 8 ? { ...caller, email: 'second@example.com' } : caller, job)
      ids.push(job.uuid)
    }
    const page = store.jobs.list(caller, { limit: 5 })
    const first = await all(page)
    const second = store.jobs.list(caller, { limit: 5, cursor: page.nextCursor()! })
    const both = [...first, ...(await all(second))]
    expect(second.nextCursor()).toBeNull()
    expect(both).toEqual(await all(store.jobs.list(caller, {})))
    expect(new Set(both.map((job) => job.uuid))).toEqual(new Set(ids))
    expect(await all(store.jobs.list(caller, { jobTypes: ['other'] }))).toHaveLength(3)
    expect(await all(store.jobs.list(caller, { jobTypes: ['other', 'sleep'] }))).toHaveLength(9)
    expect(
      (await all(store.jobs.list(caller, { sourceSessionIds: [session] }))).map((job) => job.uuid),
    ).toEqual([ids[4]])
    expect(
      (await all(store.jobs.list(caller, { createdByUsers: ['second@example.com'] }))).map((job) => job.uuid),
    ).toEqual([ids[8]])
    expect(await all(store.jobs.list(caller, { createdAfter: '2100-01-01T00:00:00.000000Z' }))).toEqual([])
    expect(await all(store.jobs.list(caller, { createdBefore: '2100-01-01T00:00:00.000000Z' }))).toHaveLength(
      9,
    )
  })

  test('large configs are read a few at a time, and none is left out', async () => {
    const { store, db } = backend()
    const caller = newCaller()
    const text = 'x'.repeat(900_000)
    const ids: string[] = []
    for (let index = 0; index < 12; index++) {
      const job = newJob({ config: { job_type: 'sleep', text: index % 3 === 2 ? '' : text } })
      await store.jobs.create(caller, job)
      ids.unshift(job.uuid)
    }
    const query = db
      .selectFrom('jobs')
      .selectAll()
      .where('workspace', '=', caller.workspace)
      .orderBy('jobs.created_at', 'desc')
      .orderBy('jobs.uuid', 'desc')
    const { rows, more } = await readNewest(db, query, 100)
    // The fifth large one is what goes beyond 4 MiB; the small one behind it comes no more.
    expect([rows.length, more]).toEqual([8, true])
    expect((await all(store.jobs.list(caller, {}))).map((job) => job.uuid)).toEqual(ids)
    const page = store.jobs.list(caller, { limit: 9 })
    const nine = await all(page)
    const rest = await all(store.jobs.list(caller, { cursor: page.nextCursor()! }))
    expect([...nine, ...rest].map((job) => job.uuid)).toEqual(ids)
  })
})
