import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { backoffMs, within } from '../../../src/server/dispatch/backoff.ts'
import { createDispatcher } from '../../../src/server/dispatch/dispatcher.ts'
import type { JobStore } from '../../../src/server/ports/index.ts'
import { until } from '../../helpers/until.ts'
import { memoryLog, openTestStore, scriptedExecutor, type TestStore, whileRunning } from './scripted.ts'

let test: TestStore
beforeAll(async () => {
  test = await openTestStore(10)
})
afterAll(() => test.close())

/** What the outbox still holds, taken for a moment. */
async function isOutboxEmpty(store: JobStore): Promise<boolean> {
  return (await store.dispatch.claim({ limit: 100, leaseMs: 1 })).items.length === 0
}

function dispatcher(options: {
  executor: ReturnType<typeof scriptedExecutor>
  log?: ReturnType<typeof memoryLog>
  store?: JobStore
  concurrency?: number
}) {
  return createDispatcher({
    store: options.store ?? test.store,
    executor: options.executor,
    log: options.log ?? memoryLog(),
    random: () => 1,
    ...(options.concurrency ? { concurrency: options.concurrency } : {}),
  })
}

describe('the dispatcher', () => {
  it('starts each run once, those that come while it waits as well', async () => {
    const executor = scriptedExecutor()
    const before = await Promise.all([test.run(), test.run()])
    await whileRunning(dispatcher({ executor }), async () => {
      await until('the first are started', () => executor.calls.length === 2)
      const later = await test.run()
      await until('the later one is started', () => executor.of(later.uuid).length === 1)
    })
    for (const run of before) expect(executor.of(run.uuid)).toEqual(['start'])
    expect(await isOutboxEmpty(test.store)).toBe(true)
  })

  it('takes a run that was started already for started', async () => {
    const executor = scriptedExecutor()
    executor.script.start = () => 'already_started'
    const run = await test.run()
    await whileRunning(dispatcher({ executor }), () =>
      until('the outbox is empty', () => executor.of(run.uuid).length === 1).then(() => undefined),
    )
    expect(await isOutboxEmpty(test.store)).toBe(true)
  })

  it('tries again while Temporal is away, tells so once, and tells when it is back', async () => {
    const executor = scriptedExecutor()
    const log = memoryLog()
    let isAway = true
    executor.script.start = () => {
      if (isAway) throw new Error('connection refused')
      return 'started'
    }
    const runs = [await test.run(), await test.run()]
    await whileRunning(dispatcher({ executor, log }), async () => {
      await until('each was tried twice', () => runs.every((run) => executor.of(run.uuid).length >= 2))
      expect(log.lines).toEqual(['Temporal fails; trying again until it works'])
      isAway = false
      await until('it is back', () => log.lines.length === 2)
      expect(log.lines[1]).toBe('Temporal works again')
      await until('the outbox is empty', () => isOutboxEmpty(test.store))
    })
  })

  it('looks again before long for what was handed over to a server that died, of which nobody tells', async () => {
    const leases: number[] = []
    const waits: number[] = []
    const { dispatch } = test.store
    const store: JobStore = {
      ...test.store,
      dispatch: {
        ...dispatch,
        handOver(taker) {
          leases.push(taker.leaseMs)
          return dispatch.handOver(taker)
        },
        wait(timeoutMs, signal) {
          waits.push(timeoutMs)
          return dispatch.wait(timeoutMs, signal)
        },
      },
    }
    await whileRunning(dispatcher({ executor: scriptedExecutor(), store }), () =>
      until('it waits', () => waits.length > 0).then(() => undefined),
    )
    expect(leases).toHaveLength(1)
    expect(Math.max(...waits)).toBeLessThanOrEqual(leases[0] ?? 0)
  })

  it('outlives a database that is away, and tells so once', async () => {
    const executor = scriptedExecutor()
    const log = memoryLog()
    let claims = 0
    const store: JobStore = {
      ...test.store,
      dispatch: {
        ...test.store.dispatch,
        async claim(options) {
          claims += 1
          if (claims <= 3) throw new Error('the database is away')
          return test.store.dispatch.claim(options)
        },
      },
    }
    const run = await test.run()
    await whileRunning(dispatcher({ executor, log, store }), async () => {
      await until('the run is started', () => executor.of(run.uuid).length === 1)
    })
    expect(log.lines).toEqual(['The database fails; trying again until it works', 'The database works again'])
  })

  it('sends a cancel only after the start is confirmed', async () => {
    const executor = scriptedExecutor()
    const gate = Promise.withResolvers<'started'>()
    executor.script.start = () => gate.promise
    const run = await test.run()
    await whileRunning(dispatcher({ executor }), async () => {
      await until('the start is under way', () => executor.of(run.uuid).length === 1)
      expect((await test.store.runs.requestCancel(test.caller, run.uuid)).outcome).toBe('requested')
      const other = await test.run()
      await until(
        'others are not held up',
        () => executor.of(other.uuid).length === 1 || executor.calls.length > 2,
      )
      expect(executor.of(run.uuid)).toEqual(['start'])
      gate.resolve('started')
      await until('the cancel is sent', () => executor.of(run.uuid).length === 3)
    })
    expect(executor.of(run.uuid)).toEqual(['start', 'cancel', 'describe'])
  })

  it('ends at once a run that Temporal cancelled before a worker began it', async () => {
    const executor = scriptedExecutor()
    executor.script.describe = () => ({
      state: 'closed',
      status: 'cancelled',
      error: { code: 'cancelled', message: 'the run was cancelled' },
    })
    const run = await test.run()
    await whileRunning(dispatcher({ executor }), async () => {
      await until('the start is confirmed', () => isOutboxEmpty(test.store))
      expect((await test.store.runs.requestCancel(test.caller, run.uuid)).outcome).toBe('requested')
      await until('the run is cancelled', async () => (await test.read(run)).status === 'cancelled')
    })
    expect(await test.read(run)).toMatchObject({ error: null, finished_at: expect.any(String) })
  })

  it('takes a cancel of a run that Temporal has closed for done, and leaves its end to the report', async () => {
    const executor = scriptedExecutor()
    executor.script.cancel = () => 'closed'
    const run = await test.run()
    await test.store.reports.startAttempt(run.uuid, 1)
    await test.store.runs.requestCancel(test.caller, run.uuid)
    await whileRunning(dispatcher({ executor }), async () => {
      await until('the cancel was sent', () => executor.of(run.uuid).includes('cancel'))
      await until('the outbox is empty', () => isOutboxEmpty(test.store))
    })
    expect((await test.read(run)).status).toBe('running')
  })

  it('ends a run as cancelled when Temporal, asked several times, does not know it', async () => {
    const executor = scriptedExecutor()
    executor.script.cancel = () => 'not_found'
    const run = await test.run()
    await test.store.reports.startAttempt(run.uuid, 1)
    await test.store.runs.requestCancel(test.caller, run.uuid)
    await whileRunning(dispatcher({ executor }), async () => {
      await until('the run is cancelled', async () => (await test.read(run)).status === 'cancelled')
    })
    expect(executor.of(run.uuid).filter((kind) => kind === 'cancel').length).toBeGreaterThan(2)
  })

  it('never has more calls under way than it may', async () => {
    const executor = scriptedExecutor()
    let underWay = 0
    let most = 0
    executor.script.start = async (): Promise<'started'> => {
      most = Math.max(most, ++underWay)
      await new Promise((resolve) => setTimeout(resolve, 5))
      underWay -= 1
      return 'started'
    }
    const runs = await Promise.all(Array.from({ length: 30 }, () => test.run()))
    await whileRunning(dispatcher({ executor, concurrency: 4 }), async () => {
      await until('all are started', () => runs.every((run) => executor.of(run.uuid).length === 1))
    })
    expect(most).toBe(4)
  })

  it('ends what it has begun before it stops', async () => {
    const executor = scriptedExecutor()
    const gate = Promise.withResolvers<'started'>()
    executor.script.start = () => gate.promise
    const run = await test.run()
    const stop = new AbortController()
    const running = dispatcher({ executor }).run(stop.signal)
    await until('the start is under way', () => executor.of(run.uuid).length === 1)
    stop.abort()
    gate.resolve('started')
    await running
    expect(await isOutboxEmpty(test.store)).toBe(true)
  })
})

describe('patience with a call', () => {
  it('ends soon once the server is stopping, and lets go of the signal when all is well', async () => {
    const stopping = new AbortController()
    const call = within(
      { callMs: 600_000, stoppingMs: 1, stopping: stopping.signal },
      'It',
      new Promise(() => undefined),
    )
    stopping.abort()
    await expect(call).rejects.toThrow('It did not answer within 1 ms')
    expect(
      await within(
        { callMs: 600_000, stoppingMs: 600_000, stopping: stopping.signal },
        'It',
        Promise.resolve(1),
      ),
    ).toBe(1)
  })
})

describe('the waits between tries', () => {
  it('double up to ten seconds', () => {
    expect([0, 1, 2, 3, 4, 5, 6, 1_000].map((tries) => backoffMs(tries, () => 0))).toEqual([
      250, 500, 1000, 2000, 4000, 8000, 10_000, 10_000,
    ])
    expect(backoffMs(6, () => 1)).toBe(7_500)
  })
})
