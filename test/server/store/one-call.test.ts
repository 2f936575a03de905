import { randomUUID } from 'node:crypto'
import { expect, test } from 'vitest'
import type { Caller, JobOfRun, JobStore, OutboxItem } from '../../../src/server/ports/index.ts'
import { until } from '../../helpers/until.ts'
import { all, newCaller, newJob, newRun, onEveryBackend } from './backends.ts'

const jobKey = { key: 'job', requestHash: 'hash-of-the-job' }

/** A run that comes with its job. */
function withJob(key: JobOfRun['key'] = jobKey, config = { job_type: 'sleep', seconds: 1 }) {
  const job = newJob({ config })
  return newRun(job.uuid, { config, jobName: job.name, job: { job, key } })
}

const jobsOf = async (store: JobStore, caller: Caller) =>
  (await all(store.jobs.list(caller, {}))).map((job) => job.uuid)
const runsOf = async (store: JobStore, caller: Caller) =>
  (await all(store.runs.list(caller, {}))).map((run) => run.uuid)

async function made(
  store: JobStore,
  caller: Caller,
  run = withJob(),
  key?: { key: string; requestHash: string },
) {
  const created = await store.runs.create(caller, run, key)
  if (created.outcome !== 'created') throw new Error(`expected a new run, got ${created.outcome}`)
  return created.value
}

onEveryBackend('a run that comes with its job', (backend) => {
  test('makes the job, or finds the one of its key', async () => {
    const { store } = backend()
    const caller = newCaller()
    const first = await made(store, caller)
    const second = await made(store, caller)
    expect(second.job_id).toBe(first.job_id)
    expect(await jobsOf(store, caller)).toEqual([first.job_id])
    // The same key as of a job that was made by itself.
    expect(await store.jobs.create(caller, newJob(), jobKey)).toMatchObject({
      outcome: 'replayed',
      value: { uuid: first.job_id },
    })
    expect(await store.runs.get(caller, second.uuid)).toEqual(second)
  })

  test('gets a job of its own where that one was deleted or changed', async () => {
    const { store } = backend()
    const caller = newCaller()
    const { job_id: changed } = await made(store, caller)
    const job = await store.jobs.get(caller, changed)
    await store.jobs.update(caller, changed, job!, { job_type: 'sleep', seconds: 9 })
    const own = await made(store, caller)
    expect(own.job_id).not.toBe(changed)
    expect(own.config).toEqual({ job_type: 'sleep', seconds: 1 })
    await store.jobs.softDelete(caller, changed)
    expect((await made(store, caller)).job_id).not.toBe(changed)
  })

  test('finds a job whose config says the same in another order', async () => {
    const { store } = backend()
    const caller = newCaller()
    const first = await made(store, caller)
    const other = withJob(jobKey, { seconds: 1, job_type: 'sleep' } as { job_type: string; seconds: number })
    expect((await made(store, caller, other)).job_id).toBe(first.job_id)
  })

  test('is refused under the key of another job, and nothing is left of it', async () => {
    const { store } = backend()
    const caller = newCaller()
    await made(store, caller)
    const key = { key: 'run', requestHash: 'hash' }
    const other = withJob({ ...jobKey, requestHash: 'of another job' })
    expect(await store.runs.create(caller, other, key)).toEqual({ outcome: 'job_key_reused' })
    expect(await store.runs.findByKey(caller, key)).toBeUndefined()
    expect((await made(store, caller, withJob(), key)).status).toBe('pending')
  })

  test('is one run, however many triggers of its key come at once', async () => {
    const { store, another } = backend()
    const caller = newCaller()
    const servers = [store, await another()]
    const key = { key: randomUUID(), requestHash: 'hash' }
    const answers = await Promise.all(
      Array.from({ length: 16 }, (_, index) => servers[index % 2]!.runs.create(caller, withJob(), key)),
    )
    expect(answers.filter(({ outcome }) => outcome === 'created')).toHaveLength(1)
    expect(answers.filter(({ outcome }) => outcome === 'replayed')).toHaveLength(15)
    expect(await runsOf(store, caller)).toHaveLength(1)
    expect(await jobsOf(store, caller)).toHaveLength(1)
  })

  test('shares its job with others that come at once, and with who makes the job by itself', async () => {
    const { store, another } = backend()
    const caller = newCaller()
    const servers = [store, await another()]
    await Promise.all([
      ...Array.from({ length: 12 }, (_, index) =>
        made(servers[index % 2]!, caller, withJob(), { key: `run-${index}`, requestHash: 'hash' }),
      ),
      store.jobs.create(caller, newJob(), jobKey),
    ])
    expect(await runsOf(store, caller)).toHaveLength(12)
    expect(await jobsOf(store, caller)).toHaveLength(1)
  })

  test('runs whatever becomes of the job meanwhile', async () => {
    const { store, another } = backend()
    const other = await another()
    const caller = newCaller()
    for (let round = 0; round < 10; round++) {
      const { job_id } = await made(store, caller)
      const [runs] = await Promise.all([
        Promise.all(Array.from({ length: 4 }, () => made(store, caller))),
        other.jobs.softDelete(caller, job_id),
      ])
      for (const run of runs) expect((await store.runs.get(caller, run.uuid))?.status).toBe('pending')
    }
    // Each run has its one place in the feed.
    const { changes } = await store.changes.after(caller, await cursorAtStart(store, caller), { limit: 100 })
    expect(new Set(changes.map(({ run }) => run.uuid)).size).toBe(50)
  })

  test('is cancelled by its key or never made, whichever comes first', async () => {
    const { store, another } = backend()
    const other = await another()
    const caller = newCaller()
    for (let round = 0; round < 20; round++) {
      const key = { key: `cancelled-${round}`, requestHash: 'hash' }
      const [created, cancelled] = await Promise.all([
        store.runs.create(caller, withJob(), key),
        other.runs.cancelByKey(caller, key.key),
      ])
      if (created.outcome === 'created')
        expect(await store.runs.get(caller, created.value.uuid)).toMatchObject({ status: 'cancelled' })
      else expect([created.outcome, cancelled.outcome]).toEqual(['barred', 'barred'])
    }
  })
})

/** Of a workspace whose feed was never read: before its first change. */
async function cursorAtStart(store: JobStore, caller: Caller): Promise<string> {
  const head = await store.changes.head(caller)
  const [list, scope] = JSON.parse(Buffer.from(head, 'base64url').toString('utf8')) as string[]
  return Buffer.from(JSON.stringify([list, scope, '0'])).toString('base64url')
}

onEveryBackend('a start that is handed over', (backend) => {
  /** A dispatcher with so many places, which keeps what it is given. */
  function keeper(places: number) {
    const taken: OutboxItem[] = []
    let reserved = 0
    return {
      taken,
      reserved: () => reserved,
      leaseMs: 60_000,
      reserve: () => taken.length + reserved < places && ++reserved > 0,
      release: () => void --reserved,
      take(item: OutboxItem) {
        reserved -= 1
        taken.push(item)
      },
    }
  }
  const claimed = async (store: JobStore) =>
    (await store.dispatch.claim({ limit: 1_000, leaseMs: 60_000 })).items.map((item) => item.jobRunId)

  test('is claimed by nobody else; what there is no room for is', async () => {
    const { store } = backend()
    const caller = newCaller()
    await claimed(store)
    const taker = keeper(1)
    const end = store.dispatch.handOver(taker)
    const mine = await made(store, caller)
    const left = await made(store, caller)
    end()
    const later = await made(store, caller)
    expect(taker.taken.map((item) => item.jobRunId)).toEqual([mine.uuid])
    expect(await claimed(store)).toEqual([left.uuid, later.uuid])
    await store.dispatch.done(taker.taken[0]!.id)
  })

  test('gives its place back when nothing is made', async () => {
    const { store } = backend()
    const caller = newCaller()
    const taker = keeper(1)
    const end = store.dispatch.handOver(taker)
    expect(await store.runs.create(caller, newRun(randomUUID()))).toEqual({ outcome: 'job_deleted' })
    expect(taker.reserved()).toBe(0)
    end()
  })

  test('is cancelled through Temporal, behind its start', async () => {
    const { store } = backend()
    const caller = newCaller()
    await claimed(store)
    const taker = keeper(1)
    const end = store.dispatch.handOver(taker)
    const { uuid } = await made(store, caller)
    end()
    expect((await store.runs.requestCancel(caller, uuid)).outcome).toBe('requested')
    expect(await claimed(store)).toEqual([])
    const woken = store.dispatch.wait(60_000)
    await store.dispatch.done(taker.taken[0]!.id)
    await woken
    expect(await claimed(store)).toEqual([uuid])
  })

  test('comes again when its server dies before it is started: after the lease, or at once when one opens that knows', async () => {
    const { store, another, kind } = backend()
    const caller = newCaller()
    await claimed(store)
    const end = store.dispatch.handOver({ ...keeper(1), leaseMs: 1 })
    const expired = await made(store, caller)
    end()
    await until('the lease to end', async () => (await claimed(store)).includes(expired.uuid))
    if (kind === 'PGlite') return
    const dying = await another()
    dying.dispatch.handOver(keeper(1))
    const { uuid } = await made(dying, caller)
    expect(await claimed(store)).toEqual([])
    await dying.close()
    await until('its connections to be gone', async () => (await claimed(await another())).includes(uuid))
  })
})
