import { expect, test } from 'vitest'
import type { Caller, JobStore } from '../../../src/server/ports/index.ts'
import { newCaller, onEveryBackend, saveJob, triggerRun } from './backends.ts'

/** Reads the feed to its present end. */
async function readOn(store: JobStore, caller: Caller, cursor: string, limit = 1000) {
  const changes: { id: string; status: string }[] = []
  for (;;) {
    const page = await store.changes.after(caller, cursor, { limit })
    changes.push(...page.changes.map(({ run }) => ({ id: run.uuid, status: run.status })))
    if (page.cursor === cursor) return { changes, cursor }
    cursor = page.cursor
  }
}

onEveryBackend('the feed of changes', (backend) => {
  test('tells every status change once, in order', async () => {
    const { store } = backend()
    const caller = newCaller()
    const start = await store.changes.head(caller)
    expect(await store.changes.after(caller, start, { limit: 10 })).toEqual({ changes: [], cursor: start })
    const id = await triggerRun(store, caller)
    await store.reports.startAttempt(id, 1)
    await store.reports.startAttempt(id, 1)
    await store.reports.startAttempt(id, 2)
    await store.reports.progress(id, { attempt: 2, fraction: 0.5 })
    await store.reports.finish(id, { attempt: 2, status: 'completed' })
    await store.reports.finish(id, { attempt: 2, status: 'completed' })
    const { changes, cursor } = await store.changes.after(caller, start, { limit: 10 })
    expect(changes.map(({ status }) => status)).toEqual(['pending', 'running', 'completed'])
    const times = changes.map(({ at }) => at)
    expect(times).toEqual(times.toSorted())
    expect(times[0]).toMatch(/^\d{4}-\d\d-\d\dT/)
    const narrowed = await store.changes.after(caller, start, { limit: 10, statuses: ['pending'] })
    expect(narrowed.changes.map(({ status }) => status)).toEqual(['pending'])
    // Each names the run as it is now.
    expect(changes.map(({ run }) => run.status)).toEqual(['completed', 'completed', 'completed'])
    expect(cursor).toBe(await store.changes.head(caller))
    expect(changes.at(-1)?.cursor).toBe(cursor)
    const afterFirst = await store.changes.after(caller, changes[0]!.cursor, { limit: 10 })
    expect(afterFirst.changes).toEqual(changes.slice(1))
    const byPages = await readOn(store, caller, start, 1)
    expect(byPages.changes).toHaveLength(3)
    expect(byPages.cursor).toBe(cursor)
  })

  test('narrowed to some statuses, its cursor still passes the others', async () => {
    const { store } = backend()
    const caller = newCaller()
    const start = await store.changes.head(caller)
    const first = await triggerRun(store, caller)
    const second = await triggerRun(store, caller)
    await store.runs.requestCancel(caller, first)
    await store.reports.finish(second, { attempt: 1, status: 'failed', error: { code: 'x', message: 'y' } })
    const failed = await store.changes.after(caller, start, { limit: 10, statuses: ['failed'] })
    expect(failed.changes.map(({ run }) => run.uuid)).toEqual([second])
    const none = await store.changes.after(caller, start, { limit: 10, statuses: ['paused'] })
    expect(none).toEqual({ changes: [], cursor: await store.changes.head(caller) })
    const one = await store.changes.after(caller, start, { limit: 1, statuses: ['cancelled', 'failed'] })
    expect(one.changes.map(({ run }) => run.uuid)).toEqual([first])
    const rest = await store.changes.after(caller, one.cursor, {
      limit: 1,
      statuses: ['cancelled', 'failed'],
    })
    expect(rest.changes.map(({ run }) => run.uuid)).toEqual([second])
  })

  test('refuses a cursor of another workspace, of another database and of no list', async () => {
    const { store } = backend()
    const [caller, stranger] = [newCaller(), newCaller()]
    await triggerRun(store, caller)
    const cursor = await store.changes.head(caller)
    const bad = expect.objectContaining({ code: 'bad_cursor' })
    await expect(store.changes.after(stranger, cursor, { limit: 1 })).rejects.toEqual(bad)
    await expect(store.changes.after(caller, 'x', { limit: 1 })).rejects.toEqual(bad)
    const beyond = Buffer.from(JSON.stringify(['changes', caller.workspace, '2'])).toString('base64url')
    await expect(store.changes.after(caller, beyond, { limit: 1 })).rejects.toEqual(bad)
  })

  test('a reader that follows concurrent writers misses nothing and sees nothing twice', async () => {
    const { store, another } = backend()
    const writers = [store, await another(), await another()]
    const reader = await another()
    const caller = newCaller()
    const jobId = await saveJob(store, caller)
    let cursor = await store.changes.head(caller)
    const seen: string[] = []
    let isWriting = true
    const reading = (async () => {
      for (;;) {
        const isLast = !isWriting
        const page = await reader.changes.after(caller, cursor, { limit: 7 })
        seen.push(...page.changes.map(({ cursor: place, run }) => `${place} ${run.uuid}`))
        const isDone = isLast && page.cursor === cursor
        cursor = page.cursor
        if (isDone) return
      }
    })()
    const written = await Promise.all(
      Array.from({ length: 60 }, async (_, index) => {
        const writer = writers[index % writers.length]!
        const id = await triggerRun(writer, caller, jobId)
        await writer.reports.startAttempt(id, 1)
        await writer.reports.finish(id, { attempt: 1, status: 'completed' })
        return id
      }),
    )
    isWriting = false
    await reading
    expect(new Set(seen).size).toBe(seen.length)
    expect(seen).toHaveLength(3 * written.length)
    for (const id of written) expect(seen.filter((change) => change.endsWith(id))).toHaveLength(3)
  })

  test('a wait ends when something changes in its workspace', async () => {
    const { store } = backend()
    const caller = newCaller()
    const jobId = await saveJob(store, caller)
    const woken = store.changes.wait(caller.workspace, 60_000)
    const id = await triggerRun(store, caller, jobId)
    await woken
    const aborted = new AbortController()
    const waiting = store.changes.wait(caller.workspace, 60_000, aborted.signal)
    aborted.abort()
    await waiting
    await store.changes.wait(caller.workspace, 60_000, AbortSignal.abort())
    await store.changes.wait(caller.workspace, 1)
    expect((await store.runs.get(caller, id))?.status).toBe('pending')
  })

  test('a change made through one server is found by a waiter on another', async () => {
    const { store, another } = backend()
    const other = await another()
    const caller = newCaller()
    const jobId = await saveJob(store, caller)
    const cursor = await other.changes.head(caller)
    const found = (async () => {
      for (;;) {
        const page = await other.changes.after(caller, cursor, { limit: 10 })
        if (page.changes.length > 0) return page.changes[0]!.run.uuid
        await other.changes.wait(caller.workspace, 60_000)
      }
    })()
    const id = await triggerRun(store, caller, jobId)
    expect(await found).toBe(id)
  })
})
