import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import type { JobRun } from '../../../src/contract/index.ts'
import { judge } from '../../../src/server/dispatch/judge.ts'
import { createReconciler } from '../../../src/server/dispatch/reconciler.ts'
import type { ExecutionState } from '../../../src/server/ports/index.ts'
import { until } from '../../helpers/until.ts'
import { memoryLog, openTestStore, scriptedExecutor, type TestStore, whileRunning } from './scripted.ts'

let test: TestStore
beforeAll(async () => {
  test = await openTestStore(10)
})
afterAll(() => test.close())

/** A run whose start was carried to Temporal, and no more is known of. */
async function dispatched(): Promise<JobRun> {
  const run = await test.run()
  for (const item of (await test.store.dispatch.claim({ limit: 100, leaseMs: 1 })).items)
    await test.store.dispatch.done(item.id)
  return run
}

async function started(attempt = 1): Promise<JobRun> {
  const run = await dispatched()
  await test.store.reports.startAttempt(run.uuid, attempt)
  return run
}

function reconciler(executor: ReturnType<typeof scriptedExecutor>, log = memoryLog(), intervalMs = 50) {
  return createReconciler({ store: test.store, executor, log, intervalMs })
}

/** Says one thing about one run, and that all others are active. */
function executorSaying(run: JobRun, ...states: ExecutionState[]) {
  const executor = scriptedExecutor()
  executor.script.describe = (jobRunId) => {
    if (jobRunId !== run.uuid) return { state: 'active' }
    return (states.length > 1 ? states.shift() : states[0]) ?? { state: 'active' }
  }
  return executor
}

describe('the reconciler', () => {
  it('leaves alone what is active', async () => {
    const run = await started()
    const executor = executorSaying(run, { state: 'active' })
    await whileRunning(reconciler(executor), async () => {
      await until('it looked twice', () => executor.of(run.uuid).length >= 2)
    })
    expect((await test.read(run)).status).toBe('running')
  })

  it.each([
    [
      { state: 'closed', status: 'failed', error: { code: 'terminated', message: 'the run was terminated' } },
      'failed',
      'terminated',
    ],
    [
      {
        state: 'closed',
        status: 'cancelled',
        error: { code: 'cancelled', message: 'the run was cancelled' },
      },
      'cancelled',
      undefined,
    ],
  ] as [ExecutionState, string, string | undefined][])(
    'ends a run of which Temporal says %j',
    async (state, status, code) => {
      const run = await started(2)
      await whileRunning(reconciler(executorSaying(run, state)), async () => {
        await until('the run has ended', async () => (await test.read(run)).status === status)
      })
      const ended = await test.read(run)
      expect([ended.attempt, ended.error?.code]).toEqual([2, code])
    },
  )

  it('ends a pending run that was terminated before any attempt', async () => {
    const run = await dispatched()
    const state = { state: 'closed', status: 'failed', error: { code: 'terminated', message: 'm' } } as const
    await whileRunning(reconciler(executorSaying(run, state)), async () => {
      await until('the run has failed', async () => (await test.read(run)).status === 'failed')
    })
  })

  it('gives the report of a completed run one more interval, and then says that there was none', async () => {
    const run = await started()
    const executor = executorSaying(run, { state: 'completed', status: null })
    // What was seen is forgotten after twenty intervals, and then looked at once more.
    await whileRunning(reconciler(executor, memoryLog(), 1_000), async () => {
      await until('the run has failed', async () => (await test.read(run)).status === 'failed')
    })
    expect(executor.of(run.uuid)).toEqual(['describe', 'describe'])
    expect((await test.read(run)).error?.code).toBe('unreported')
  })

  it('takes the word of the execution for it when the report of a completed run was given up', async () => {
    const run = await started()
    const executor = executorSaying(run, { state: 'completed', status: 'completed' })
    await whileRunning(reconciler(executor), async () => {
      await until('the run has completed', async () => (await test.read(run)).status === 'completed')
    })
    expect((await test.read(run)).error ?? null).toBeNull()
  })

  it('lets a report that comes within that interval stand', async () => {
    const run = await started()
    const active = await started()
    const executor = scriptedExecutor()
    const { promise: isReported, resolve: reported } = Promise.withResolvers<void>()
    executor.script.describe = async (jobRunId) => {
      if (jobRunId !== run.uuid) return { state: 'active' }
      // The interval is not over before the report is there.
      if (executor.of(run.uuid).length > 1) await isReported
      return { state: 'completed', status: null }
    }
    await whileRunning(reconciler(executor), async () => {
      await until('it looked once', () => executor.of(run.uuid).length >= 1)
      await test.store.reports.finish(run.uuid, { attempt: 1, status: 'completed' })
      reported()
      const looks = executor.of(active.uuid).length
      // With the second one, all that the first of them went with is done.
      await until('it looked at all again', () => executor.of(active.uuid).length >= looks + 2)
    })
    expect((await test.read(run)).status).toBe('completed')
  })

  it('does not end a run whose next attempt began while it asked', async () => {
    const run = await started(1)
    const executor = scriptedExecutor()
    let asked = 0
    executor.script.describe = async (jobRunId) => {
      if (jobRunId !== run.uuid || ++asked > 1) return { state: 'active' }
      await test.store.reports.startAttempt(run.uuid, 2)
      return { state: 'closed', status: 'failed', error: { code: 'timeout', message: 'm' } }
    }
    await whileRunning(reconciler(executor), async () => {
      await until('it looked again', () => asked >= 2)
    })
    expect(await test.read(run)).toMatchObject({ status: 'running', attempt: 2 })
  })

  it('has a run started again that Temporal does not know and nobody began', async () => {
    const run = await dispatched()
    const executor = executorSaying(run, { state: 'not_found' })
    await whileRunning(reconciler(executor), async () => {
      await until('its start is queued', async () =>
        (await test.store.dispatch.claim({ limit: 100, leaseMs: 1 })).items.some(
          (item) => item.jobRunId === run.uuid && item.kind === 'start',
        ),
      )
    })
    expect((await test.read(run)).status).toBe('pending')
  })

  it('never starts a run again that had begun: its handler may have done its work', async () => {
    const run = await started()
    await whileRunning(reconciler(executorSaying(run, { state: 'not_found' })), async () => {
      await until('the run has failed', async () => (await test.read(run)).status === 'failed')
    })
    expect((await test.read(run)).error?.code).toBe('lost')
    expect(
      (await test.store.dispatch.claim({ limit: 100, leaseMs: 1 })).items.filter(
        (item) => item.jobRunId === run.uuid,
      ),
    ).toEqual([])
  })

  it('outlives Temporal and tells of its absence once', async () => {
    const run = await started()
    const log = memoryLog()
    const executor = scriptedExecutor()
    let isAway = true
    executor.script.describe = (jobRunId) => {
      if (isAway) throw new Error('connection refused')
      return jobRunId === run.uuid
        ? { state: 'closed', status: 'failed', error: { code: 'timeout', message: 'm' } }
        : { state: 'active' }
    }
    await whileRunning(reconciler(executor, log), async () => {
      await until('it was tried several times', () => executor.of(run.uuid).length >= 3)
      expect(log.lines).toEqual(['Temporal (reconciler) fails; trying again until it works'])
      isAway = false
      await until('the run has ended', async () => (await test.read(run)).status === 'failed')
    })
    expect(log.lines).toContain('Temporal (reconciler) works again')
  })

  it.each([
    { state: 'closed', status: 'failed', error: { code: 'timeout', message: 'm' } },
    { state: 'closed', status: 'failed', error: { code: 'queue_timeout', message: 'm' } },
    { state: 'closed', status: 'failed', error: { code: 'execution_failed', message: 'm' } },
    { state: 'closed', status: 'failed', error: { code: 'terminated', message: 'm' } },
    { state: 'completed', status: null },
    { state: 'not_found' },
  ] satisfies ExecutionState[])(
    'takes an end without a report for the cancel that was asked for: %j',
    async (state) => {
      const run = await started()
      const owner = await test.store.reports.workspaceOf(run.uuid)
      await test.store.runs.requestCancel(owner!, run.uuid)
      await whileRunning(reconciler(executorSaying(run, state)), async () => {
        await until('the run is over', async () => (await test.read(run)).finished_at !== null)
      })
      expect(await test.read(run)).toMatchObject({ status: 'cancelled', error: null })
    },
  )

  it('believes a worker that a run failed, also when a cancel was asked for', async () => {
    const asked = { ...(await started()), cancel_requested_at: '2026-04-13T10:10:00.000000' }
    for (const status of ['completed', 'cancelled'] as const)
      expect(judge(asked, { state: 'completed', status }, true)).toEqual({ do: 'finish', end: { status } })
    expect(judge(asked, { state: 'completed', status: 'failed' }, true)).toMatchObject({
      end: { status: 'failed', error: { code: 'unreported' } },
    })
  })

  it('decides nothing about a run that has ended', async () => {
    const run = await started()
    await test.store.reports.finish(run.uuid, { attempt: 1, status: 'completed' })
    for (const state of ['active', 'not_found', 'completed'] as const)
      expect(
        judge(await test.read(run), state === 'completed' ? { state, status: null } : { state }, true),
      ).toEqual({ do: 'nothing' })
  })
})
