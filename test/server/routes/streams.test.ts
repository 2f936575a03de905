import { once } from 'node:events'
import { request } from 'node:http'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import type { JobRun } from '../../../src/contract/index.ts'
import type { JobStore, ListPage } from '../../../src/server/ports/index.ts'
import { until } from '../../helpers/until.ts'
import { type Person, startApi, type TestApi } from './api.ts'

/** What the server asks of the store, and what of it is still going on. */
const watch = { rowsRead: 0, openLists: 0, openWaits: 0 }

function watched(store: JobStore): JobStore {
  const watchedList = <T>(page: ListPage<T>): ListPage<T> => {
    async function* items() {
      watch.openLists += 1
      try {
        for await (const item of page.items) {
          watch.rowsRead += 1
          yield item
        }
      } finally {
        watch.openLists -= 1
      }
    }
    return { items: items(), nextCursor: () => page.nextCursor() }
  }
  const watchedWait = <Args extends unknown[]>(wait: (...args: Args) => Promise<void>) => {
    return async (...args: Args) => {
      watch.openWaits += 1
      await wait(...args).finally(() => {
        watch.openWaits -= 1
      })
    }
  }
  return {
    ...store,
    runs: {
      ...store.runs,
      list: (...args) => watchedList(store.runs.list(...args)),
      waitForEnd: watchedWait(store.runs.waitForEnd),
    },
    changes: { ...store.changes, wait: watchedWait(store.changes.wait) },
  }
}

let api: TestApi
let me: Person
const runs = 5_000
beforeAll(async () => {
  api = await startApi({ store: watched })
  me = await api.person()
  const job = await me.job({ padding: 'x'.repeat(500) })
  for (let at = 0; at < runs; at += 100)
    await Promise.all(
      Array.from({ length: 100 }, () =>
        api.store.runs.create(me, {
          uuid: crypto.randomUUID(),
          jobId: job.uuid,
          jobType: 'plain',
          jobName: job.name,
          config: job.config,
          clientRef: null,
          execution: { taskQueue: null, timeoutMs: null, queueTimeoutMs: null },
        }),
      ),
    )
}, 180_000)
afterAll(() => api.close())

describe('a list of 5,000 runs', () => {
  it('holds every run once, newest first, and then their count', async () => {
    const { json, text } = await me.get('/job-runs')
    expect([json.count, json.next_cursor]).toEqual([runs, null])
    expect(new Set(json.items.map((run: JobRun) => run.uuid)).size).toBe(runs)
    const created = json.items.map((run: JobRun) => run.created_at)
    expect(created).toEqual([...created].sort().reverse())
    expect(Object.keys(json)).toEqual(['items', 'count', 'next_cursor'])
    expect(text.length).toBeGreaterThan(runs * 500)
    expect(watch.openLists).toBe(0)
  })

  it('is read from the database only as fast as the client takes it, and no further once the client is gone', async () => {
    watch.rowsRead = 0
    const pending = request(`${api.url}/api/v1/job-runs`, {
      headers: { Authorization: `Bearer ${me.token}` },
    }).end()
    const [response] = await once(pending, 'response')
    // A response that nobody reads fills the socket's buffers, and then the rows must stop coming.
    let before = -1
    await until('the rows stop coming', async () => {
      const stopped = watch.rowsRead === before
      before = watch.rowsRead
      await new Promise((resolve) => setTimeout(resolve, 300))
      return stopped
    })
    expect(watch.openLists).toBe(1)
    expect(watch.rowsRead).toBeLessThan(runs)
    response.destroy()
    await until('the list is closed', () => watch.openLists === 0)
    expect(watch.rowsRead).toBeLessThan(runs)
  })

  it('is not read at all for HEAD', async () => {
    watch.rowsRead = 0
    expect((await me.send('HEAD', '/job-runs')).status).toBe(200)
    expect([watch.openLists, watch.rowsRead]).toEqual([0, 1])
  })
})

describe('a long poll', () => {
  it('ends with its client, and leaves no wait behind', async () => {
    const run = await me.run()
    const gone = new AbortController()
    const waiting = me
      .get(`/job-runs/${run.uuid}?wait=60`, { signal: gone.signal })
      .catch((error: Error) => error.name)
    await until('it waits', () => watch.openWaits === 1)
    gone.abort()
    expect(await waiting).toBe('AbortError')
    await until('the wait is over', () => watch.openWaits === 0)
  })

  it('sees a change that comes between its look and its wait', async () => {
    const run = await me.run()
    const waits = Array.from({ length: 20 }, () => me.get(`/job-runs/${run.uuid}?wait=60`))
    await me.post(`/job-runs/${run.uuid}/cancel`)
    for (const answer of await Promise.all(waits)) expect(answer.json.status).toBe('cancelled')
    await until('all waits are over', () => watch.openWaits === 0)
  })

  it('answers at once when the server closes', async () => {
    const run = await me.run()
    const polls = [me.get(`/job-runs/${run.uuid}?wait=60`), me.get('/job-runs/changes?wait=60')]
    await until('both wait', () => watch.openWaits === 2)
    api.beginClosing()
    const [got, fed] = await Promise.all(polls)
    expect([got?.json.status, fed?.json.changes]).toEqual(['pending', []])
    expect(got?.headers.get('Connection')).toBe('close')
    expect(watch.openWaits).toBe(0)
  })
})
