import { beforeEach, expect, test } from 'vitest'
import type { JobStore } from '../../../src/server/ports/index.ts'
import { until } from '../../helpers/until.ts'
import { newCaller, newRun, onEveryBackend, saveJob, triggerRun } from './backends.ts'

async function drain(store: JobStore): Promise<void> {
  for (;;) {
    const { items } = await store.dispatch.claim({ limit: 1000, leaseMs: 60_000 })
    if (items.length === 0) return
    for (const item of items) await store.dispatch.done(item.id)
  }
}

onEveryBackend('the outbox', (backend) => {
  beforeEach(async () => drain(backend().store))

  test('hands out starts in the order of their runs, with what Temporal needs', async () => {
    const { store } = backend()
    const caller = newCaller()
    const jobId = await saveJob(store, caller)
    const plain = await triggerRun(store, caller, jobId)
    const special = newRun(jobId, {
      jobType: 'special',
      execution: { taskQueue: 'gpu', timeoutMs: 5_000_000_000, queueTimeoutMs: null },
    })
    await store.runs.create(caller, special)
    expect((await store.dispatch.claim({ limit: 10, leaseMs: 60_000 })).items).toEqual([
      {
        id: expect.any(String),
        kind: 'start',
        jobRunId: plain,
        jobType: 'sleep',
        execution: { taskQueue: null, timeoutMs: null, queueTimeoutMs: null },
        tries: 1,
      },
      {
        id: expect.any(String),
        kind: 'start',
        jobRunId: special.uuid,
        jobType: 'special',
        execution: { taskQueue: 'gpu', timeoutMs: 5_000_000_000, queueTimeoutMs: null },
        tries: 1,
      },
    ])
    expect((await store.dispatch.claim({ limit: 10, leaseMs: 60_000 })).items).toEqual([])
  })

  test('claims at once never overlap', async () => {
    const { store, another } = backend()
    const servers = [store, await another(), await another()]
    const caller = newCaller()
    const jobId = await saveJob(store, caller)
    const ids: string[] = []
    for (let index = 0; index < 30; index++) ids.push(await triggerRun(store, caller, jobId))
    const claimed: string[] = []
    await Promise.all(
      Array.from({ length: 9 }, async (_, index) => {
        const { items } = await servers[index % 3]!.dispatch.claim({ limit: 4, leaseMs: 60_000 })
        claimed.push(...items.map((item) => item.jobRunId))
      }),
    )
    for (;;) {
      const { items } = await store.dispatch.claim({ limit: 4, leaseMs: 60_000 })
      if (items.length === 0) break
      claimed.push(...items.map((item) => item.jobRunId))
    }
    expect(claimed.toSorted()).toEqual(ids.toSorted())
  })

  test('an item whose claimer died comes again after its lease', async () => {
    const { store } = backend()
    const id = await triggerRun(store, newCaller())
    const [first] = (await store.dispatch.claim({ limit: 10, leaseMs: 1 })).items
    const [second] = await until('the lease to end', async () => {
      const { items } = await store.dispatch.claim({ limit: 10, leaseMs: 60_000 })
      return items.length > 0 && items
    })
    expect(second).toEqual({ ...first, tries: 2 })
    expect(second?.jobRunId).toBe(id)
    await store.dispatch.done(second!.id)
    await store.dispatch.done(first!.id)
    expect((await store.dispatch.claim({ limit: 10, leaseMs: 60_000 })).items).toEqual([])
  })

  test('a postponed item is due later', async () => {
    const { store } = backend()
    await triggerRun(store, newCaller())
    const [item] = (await store.dispatch.claim({ limit: 10, leaseMs: 60_000 })).items
    await store.dispatch.postpone(item!.id, 3_600_000, 'Temporal \0 is away')
    expect((await store.dispatch.claim({ limit: 10, leaseMs: 60_000 })).items).toEqual([])
    await store.dispatch.postpone(item!.id, 0, 'now')
    expect((await store.dispatch.claim({ limit: 10, leaseMs: 60_000 })).items).toEqual([
      { ...item, tries: 2 },
    ])
  })

  test('the end of a run takes what was still queued for it', async () => {
    const { store } = backend()
    const caller = newCaller()
    const id = await triggerRun(store, caller)
    await store.dispatch.claim({ limit: 10, leaseMs: 1 })
    await store.runs.requestCancel(caller, id)
    await store.reports.finish(id, { attempt: 1, status: 'completed' })
    expect((await store.dispatch.claim({ limit: 10, leaseMs: 60_000 })).items).toEqual([])
  })

  test('a start can be queued anew, once, and takes the cancel that was meant for it along', async () => {
    const { store } = backend()
    const caller = newCaller()
    const id = await triggerRun(store, caller)
    await store.dispatch.redispatch(id)
    const [start, ...more] = (await store.dispatch.claim({ limit: 10, leaseMs: 60_000 })).items
    expect(more).toEqual([])
    await store.dispatch.redispatch(id)
    await store.dispatch.done(start!.id)
    await store.runs.requestCancel(caller, id)
    const [cancel] = (await store.dispatch.claim({ limit: 10, leaseMs: 60_000 })).items
    await store.dispatch.done(cancel!.id)
    await Promise.all([store.dispatch.redispatch(id), store.dispatch.redispatch(id)])
    const again = (await store.dispatch.claim({ limit: 10, leaseMs: 60_000 })).items
    expect(again.map((item) => item.kind)).toEqual(['start'])
    await store.dispatch.done(again[0]!.id)
    expect(
      (await store.dispatch.claim({ limit: 10, leaseMs: 60_000 })).items.map((item) => item.kind),
    ).toEqual(['cancel'])
    await store.reports.finish(id, { attempt: 1, status: 'cancelled' })
    await store.dispatch.redispatch(id)
    await store.dispatch.redispatch('unknown')
    expect((await store.dispatch.claim({ limit: 10, leaseMs: 60_000 })).items).toEqual([])
  })

  test('a wait ends when a run is triggered', async () => {
    const { store } = backend()
    const caller = newCaller()
    const jobId = await saveJob(store, caller)
    const woken = store.dispatch.wait(60_000)
    await triggerRun(store, caller, jobId)
    await woken
    await store.dispatch.wait(60_000, AbortSignal.abort())
  })

  test('a run that is not dispatched, or was heard of lately, is not asked about', async () => {
    const { store } = backend()
    const id = await triggerRun(store, newCaller())
    expect(await store.dispatch.claimUnreported({ limit: 100, againMs: 0 })).toEqual([])
    await store.dispatch.claim({ limit: 10, leaseMs: 60_000 })
    expect(await store.dispatch.claimUnreported({ limit: 100, againMs: 0 })).toEqual([])
    await store.reports.startAttempt(id, 1)
    expect(await store.dispatch.claimUnreported({ limit: 100, againMs: 0 })).toEqual([])
  })
})

onEveryBackend(
  'runs that fell silent',
  (backend) => {
    test('are named once, to one server, until their next check, and no more once they ended', async () => {
      const { store, another } = backend()
      const servers = [store, await another()]
      const caller = newCaller()
      const jobId = await saveJob(store, caller)
      const ids = [await triggerRun(store, caller, jobId), await triggerRun(store, caller, jobId)]
      const undispatched = newRun(jobId)
      await store.dispatch.claim({ limit: 2, leaseMs: 1 })
      await store.runs.create(caller, undispatched)
      const ask = async (againMs: number) =>
        (
          await Promise.all(servers.map((server) => server.dispatch.claimUnreported({ limit: 100, againMs })))
        ).flat()
      const named: string[] = []
      await until('both to be named', async () => {
        named.push(...(await ask(3_600_000)))
        return named.length >= 2
      })
      expect(named.toSorted()).toEqual(ids.toSorted())
      expect(await ask(0)).toEqual([])
      // Heard of, and silent again.
      await store.reports.progress(ids[0]!, { attempt: 1, fraction: 0.5 })
      expect(await until('the one to be named', async () => (await ask(0)).at(0))).toBe(ids[0])
      await store.reports.finish(ids[0]!, { attempt: 1, status: 'completed' })
      expect(await ask(0)).toEqual([])
    })
  },
  { reportPatienceMs: 1 },
)
