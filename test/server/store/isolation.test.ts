import { expect, test } from 'vitest'
import { all, newCaller, newJob, newRun, onEveryBackend } from './backends.ts'

onEveryBackend('what another workspace sees', (backend) => {
  async function filledWorkspace() {
    const { store } = backend()
    const owner = newCaller()
    const job = newJob()
    const run = newRun(job.uuid)
    await store.jobs.create(owner, job, { key: 'k', requestHash: 'hash' })
    await store.runs.create(owner, run, { key: 'k', requestHash: 'hash' })
    await store.reports.startAttempt(run.uuid, 1)
    const content = new TextEncoder().encode('1')
    await store.reports.putOutput(run.uuid, 1, {
      name: 'out',
      type: 'json',
      mediaType: 'application/json',
      content,
    })
    await store.reports.appendLogs(run.uuid, {
      attempt: 1,
      lines: [{ at: '2026-04-13T10:10:00.000000', level: 'info', message: 'mine' }],
    })
    await store.documents.put(owner, { collection: 'c', path: 'p', mediaType: 'text/plain', content })
    await store.metagraphs.put(owner, { system: 's', entities: [], relationships: [] }, {})
    return { store, owner, job, run, stranger: newCaller() }
  }

  test('is nothing, by whatever id', async () => {
    const { store, owner, job, run, stranger } = await filledWorkspace()
    expect(await store.jobs.get(stranger, job.uuid)).toBeUndefined()
    expect(await all(store.jobs.list(stranger, {}))).toEqual([])
    expect(await store.runs.get(stranger, run.uuid)).toBeUndefined()
    expect(await store.runs.latestOf(stranger, job.uuid)).toBeUndefined()
    expect(await all(store.runs.list(stranger, {}))).toEqual([])
    expect(await all(store.runs.list(stranger, { jobId: job.uuid }))).toEqual([])
    expect(await all(store.runs.logs(stranger, run.uuid, {}))).toEqual([])
    expect(await store.runs.output(stranger, run.uuid, 'out')).toBeUndefined()
    expect(await store.documents.get(stranger, 'c', 'p')).toBeUndefined()
    expect(await all(store.documents.list(stranger, 'c'))).toEqual([])
    expect(await store.metagraphs.get(stranger, 's')).toBeUndefined()
    const nowhere = await store.changes.head(stranger)
    expect(await store.changes.after(stranger, nowhere, { limit: 10 })).toEqual({
      changes: [],
      cursor: nowhere,
    })
    // And the owner sees all of it.
    expect(await all(store.runs.logs(owner, run.uuid, {}))).toHaveLength(1)
    expect(await store.runs.output(owner, run.uuid, 'out')).toBeDefined()
    expect(await store.documents.get(owner, 'c', 'p')).toBeDefined()
  })

  test('cannot be changed, run, cancelled or deleted', async () => {
    const { store, owner, job, run, stranger } = await filledWorkspace()
    const before = [await store.jobs.get(owner, job.uuid), await store.runs.get(owner, run.uuid)]
    expect(
      await store.jobs.update(
        stranger,
        job.uuid,
        { config: job.config, updated_at: null },
        { job_type: 'sleep', seconds: 99 },
      ),
    ).toBeUndefined()
    expect(await store.jobs.softDelete(stranger, job.uuid)).toBe(false)
    expect(await store.runs.create(stranger, newRun(job.uuid))).toEqual({ outcome: 'job_deleted' })
    expect(await store.runs.requestCancel(stranger, run.uuid)).toEqual({ outcome: 'unknown' })
    expect(await store.documents.delete(stranger, 'c', 'p')).toBe(false)
    expect([await store.jobs.get(owner, job.uuid), await store.runs.get(owner, run.uuid)]).toEqual(before)
    expect(await store.documents.get(owner, 'c', 'p')).toBeDefined()
  })

  test('does not share keys, documents or graphs by their names', async () => {
    const { store, owner, run, stranger } = await filledWorkspace()
    const key = { key: 'k', requestHash: 'hash' }
    expect(await store.jobs.findByKey(stranger, key)).toBeUndefined()
    expect(await store.runs.findByKey(stranger, key)).toBeUndefined()
    expect(await store.runs.cancelByKey(stranger, 'k')).toEqual({ outcome: 'barred' })
    expect((await store.runs.findByKey(owner, key))?.outcome).toBe('replayed')
    expect(await store.runs.get(owner, run.uuid)).toMatchObject({
      status: 'running',
      client_ref: null,
      cancel_requested_at: null,
    })
    const content = new TextEncoder().encode('theirs')
    await store.documents.put(stranger, { collection: 'c', path: 'p', mediaType: 'text/plain', content })
    expect(new TextDecoder().decode((await store.documents.get(owner, 'c', 'p'))?.content)).toBe('1')
    const put = await store.metagraphs.put(
      stranger,
      { system: 's', entities: [], relationships: [] },
      { ifMatch: null },
    )
    expect(put.outcome).toBe('stored')
  })
})
