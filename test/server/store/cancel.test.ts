import { randomUUIDv7 } from 'node:crypto'
import { expect, test } from 'vitest'
import type { JobStore, OutboxItem } from '../../../src/server/ports/index.ts'
import { newCaller, newRun, onEveryBackend, saveJob, triggerRun } from './backends.ts'

/** Everything due in the outbox, of whichever run. */
async function claimAll(store: JobStore): Promise<OutboxItem[]> {
  return (await store.dispatch.claim({ limit: 1000, leaseMs: 60_000 })).items
}

onEveryBackend('cancelling', (backend) => {
  test('a run that nobody dispatched is cancelled at once and never starts', async () => {
    const { store } = backend()
    const caller = newCaller()
    const id = await triggerRun(store, caller)
    const cancelled = await store.runs.requestCancel(caller, id)
    expect(cancelled).toMatchObject({
      outcome: 'cancelled',
      run: {
        status: 'cancelled',
        cancel_requested_at: expect.any(String),
        finished_at: expect.any(String),
        started_at: null,
      },
    })
    expect((await claimAll(store)).filter((item) => item.jobRunId === id)).toEqual([])
    expect(await store.runs.requestCancel(caller, id)).toMatchObject({
      outcome: 'terminal',
      run: { status: 'cancelled' },
    })
    expect(await store.reports.startAttempt(id, 1)).toMatchObject({
      run: { status: 'cancelled', attempt: 0 },
    })
  })

  test('a dispatched run is asked to stop, once', async () => {
    const { store } = backend()
    const caller = newCaller()
    const id = await triggerRun(store, caller)
    const [start] = (await claimAll(store)).filter((item) => item.jobRunId === id)
    expect(await store.runs.requestCancel(caller, id)).toMatchObject({
      outcome: 'requested',
      run: { status: 'pending', cancel_requested_at: expect.any(String), finished_at: null },
    })
    expect(await store.runs.requestCancel(caller, id)).toMatchObject({ outcome: 'already_requested' })
    // The cancel stays behind the start until that is confirmed.
    expect((await claimAll(store)).filter((item) => item.jobRunId === id)).toEqual([])
    await store.dispatch.done(start!.id)
    const items = (await claimAll(store)).filter((item) => item.jobRunId === id)
    expect(items.map((item) => item.kind)).toEqual(['cancel'])
    await store.dispatch.done(items[0]!.id)
    expect(await store.runs.requestCancel(caller, id)).toMatchObject({ outcome: 'already_requested' })
    expect((await claimAll(store)).filter((item) => item.jobRunId === id)).toEqual([])
  })

  test('a run that completes first stays completed', async () => {
    const { store } = backend()
    const caller = newCaller()
    const id = await triggerRun(store, caller)
    await claimAll(store)
    await store.reports.startAttempt(id, 1)
    await store.runs.requestCancel(caller, id)
    expect(await store.reports.finish(id, { attempt: 1, status: 'completed' })).toMatchObject({
      applied: true,
    })
    expect(await store.reports.finish(id, { attempt: 1, status: 'cancelled' })).toMatchObject({
      applied: false,
    })
    expect(await store.runs.requestCancel(caller, id)).toMatchObject({
      outcome: 'terminal',
      run: { status: 'completed' },
    })
    expect((await claimAll(store)).filter((item) => item.jobRunId === id)).toEqual([])
  })

  test('an unknown run is unknown', async () => {
    const { store } = backend()
    expect(await store.runs.requestCancel(newCaller(), randomUUIDv7())).toEqual({ outcome: 'unknown' })
  })

  test('when cancel and dispatch race, either the start was claimed or the run is cancelled, never both', async () => {
    const { store, another } = backend()
    const other = await another()
    const caller = newCaller()
    const jobId = await saveJob(store, caller)
    const ids: string[] = []
    for (let index = 0; index < 40; index++) ids.push(await triggerRun(store, caller, jobId))
    const claims: Promise<OutboxItem[]>[] = []
    const cancels = ids.map((id, index) => {
      if (index % 4 === 0)
        claims.push(other.dispatch.claim({ limit: 5, leaseMs: 60_000 }).then(({ items }) => items))
      return (index % 2 ? store : other).runs.requestCancel(caller, id)
    })
    const outcomes = await Promise.all(cancels)
    const claimed = new Set(
      [...(await Promise.all(claims)).flat(), ...(await claimAll(store))].map((item) => item.jobRunId),
    )
    for (const [index, id] of ids.entries()) {
      const run = await store.runs.get(caller, id)
      const seen = `${outcomes[index]?.outcome} ${run?.status} ${claimed.has(id) ? 'claimed' : 'unclaimed'}`
      expect(['cancelled cancelled unclaimed', 'requested pending claimed']).toContain(seen)
    }
  })

  test('cancelling by key cancels what the key started', async () => {
    const { store } = backend()
    const caller = newCaller()
    const run = newRun(await saveJob(store, caller))
    await store.runs.create(caller, run, { key: 'k', requestHash: 'hash' })
    expect(await store.runs.cancelByKey(caller, 'k')).toMatchObject({
      outcome: 'cancelled',
      run: { uuid: run.uuid },
    })
    expect(await store.runs.cancelByKey(caller, 'k')).toMatchObject({
      outcome: 'terminal',
      run: { uuid: run.uuid },
    })
  })

  test('cancelling a key that started nothing bars it for ever', async () => {
    const { store } = backend()
    const caller = newCaller()
    const key = { key: 'late', requestHash: 'hash' }
    expect(await store.runs.cancelByKey(caller, 'late')).toEqual({ outcome: 'barred' })
    expect(await store.runs.cancelByKey(caller, 'late')).toEqual({ outcome: 'barred' })
    expect(await store.runs.create(caller, newRun(await saveJob(store, caller)), key)).toEqual({
      outcome: 'barred',
    })
    expect(await store.runs.findByKey(caller, key)).toEqual({ outcome: 'barred' })
  })

  test('when a trigger and a cancel of its key race, the key is barred or its run is cancelled', async () => {
    const { store, another } = backend()
    const other = await another()
    const caller = newCaller()
    const jobId = await saveJob(store, caller)
    const seen = await Promise.all(
      Array.from({ length: 30 }, async (_, index) => {
        const key = { key: `race-${index}`, requestHash: 'hash' }
        const trigger = () => store.runs.create(caller, newRun(jobId), key)
        const cancel = () => other.runs.cancelByKey(caller, key.key)
        const [first, second] = index % 2 ? [trigger(), cancel()] : [cancel(), trigger()]
        const [a, b] = await Promise.all([first, second])
        const [triggered, cancelled] = index % 2 ? [a, b] : [b, a]
        return `${triggered.outcome} ${cancelled.outcome}`
      }),
    )
    for (const outcome of seen) expect(['created cancelled', 'barred barred']).toContain(outcome)
  })
})
