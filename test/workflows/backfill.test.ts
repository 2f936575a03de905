import { ApplicationFailure, Context } from '@temporalio/activity'
import type { WorkflowHandle } from '@temporalio/client'
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { installationNames, workflowTypes } from '../../src/contract/names.ts'
import type { BackfillView } from '../../src/contract/schedules/backfills.ts'
import type { JobRunRecord } from '../../src/pipeline/index.ts'
import { ownRunId } from '../../src/schedule/ids.ts'
import { type BackfillRequest, type ScheduleDefinition, tickRunId } from '../../src/schedule/plan/index.ts'
import {
  backfillQuery,
  pauseBackfillUpdate,
  type RunBackfillInput,
  resumeBackfillUpdate,
} from '../../src/workflows/backfill-messages.ts'
import { until } from '../helpers/until.ts'
import { openRun, planFrom, recordOf, type Scripted, startScripted } from './scripted.ts'

let on: Scripted
/** Ends the job runs that wait, of whichever pipeline run. */
let release: ((record?: Partial<JobRunRecord>) => void)[]
beforeAll(async () => {
  on = await startScripted()
})
afterAll(() => on?.stop())
beforeEach(() => {
  on.api = {}
  on.triggers.length = 0
  on.cancels.length = 0
  release = []
})

const plan = planFrom('name: nightly\nsteps: { work: { job_type: x } }')
const hour = 3_600_000
const fromMs = Date.UTC(2026, 3, 1)
const ticks = 30
const nominals = Array.from({ length: ticks }, (_, n) => fromMs + n * hour)

function definitionOf(name: string): ScheduleDefinition {
  const dst = { gap: 'next', fold: 'first' } as const
  return {
    name,
    spec: { everyMs: hour, timezone: 'UTC', dst, jitterMs: 0, untilMs: null },
    overlap: 'skip',
    catchUp: { windowMs: hour, keep: 'last' },
    inputs: {},
    resolvedInputs: {},
    plan,
  }
}

let begun = 0
async function begin(schedule: string, request: Partial<BackfillRequest> = {}) {
  begun += 1
  const id = `${schedule}-backfill-${begun}`
  const range = { fromMs, untilMs: fromMs + ticks * hour }
  const input: RunBackfillInput = {
    id,
    definition: definitionOf(schedule),
    revision: 1,
    request: { ...range, only: 'missing', order: 'oldest', maxActive: 3, ...request },
    ticks,
    // Several executions of each backfill.
    timing: { waitLeaseMs: 60_000, stepHeartbeatMs: 2_000, maxHistoryEvents: 60 },
  }
  const workflowId = installationNames().backfillId(undefined, id)
  await on.stack.client.workflow.start(workflowTypes.runBackfill, {
    workflowId,
    taskQueue: 'scripted',
    args: [input],
  })
  return on.stack.client.workflow.getHandle(workflowId)
}

const view = (backfill: WorkflowHandle): Promise<BackfillView> => backfill.query(backfillQuery)
const end = (backfill: WorkflowHandle): Promise<BackfillView> => backfill.result() as Promise<BackfillView>

/** How the runs of each tick stand, in the order of the ticks, the tick's own first. */
async function runsOf(schedule: string): Promise<string[][]> {
  const statuses = async (own: string) => {
    const found: string[] = []
    for (let ordinal = 1; ; ordinal += 1) {
      const run = on.stack.client.workflow.getHandle(tickRunId(own, ordinal))
      const status = await run.describe().catch(() => undefined)
      if (!status) return found
      found.push(status.status.name.toLowerCase())
    }
  }
  return Promise.all(nominals.map((at) => statuses(ownRunId({ name: schedule }, at))))
}

const each = (...runs: string[]) => Array.from({ length: ticks }, () => runs)

/** Job runs stay open until the test, or a cancel, ends them. */
function openRuns(): void {
  on.api.trigger = async (input) => openRun(input)
  on.api.wait = (jobRunId) =>
    Promise.race([
      new Promise<JobRunRecord>((resolve) =>
        release.push((record) =>
          resolve({ ...recordOf({ step: 'work', item: null, generation: 1 }), jobRunId, ...record }),
        ),
      ),
      // Until the worker stops.
      Context.current().cancelled,
    ])
  on.api.cancel = async (input) => recordOf(input, 'cancelled')
}

describe('a backfill', () => {
  it('runs each tick once, over a worker that goes; cancelled and followed by others, too', async () => {
    openRuns()
    const first = await begin('night')
    await until('a full house', () => release.length === 3)
    on.api.trigger = async (input) => ({ phase: 'terminal', record: recordOf(input) })
    for (const letGo of release) letGo()
    await until('some have run', async () => (await view(first)).counts.completed > 5)
    openRuns()
    release = []
    await on.restartWorker()
    await until('a full house again', async () => (await view(first)).counts.open === 3)
    await first.cancel()
    const cancelled = await end(first)
    const { completed, cancelled: ended } = cancelled.counts
    const begun = completed + ended
    expect(ended).toBeGreaterThan(0)
    expect(cancelled).toMatchObject({
      status: 'cancelled',
      counts: { open: 0, left: 0, waiting: ticks - begun },
    })
    const left = await runsOf('night')
    expect(left.flat().filter((status) => status === 'cancelled')).toHaveLength(ended)
    expect(left.map((runs) => runs.length)).toEqual(nominals.map((_, n) => (n < begun ? 1 : 0)))

    on.api = {}
    const second = await end(await begin('night'))
    expect(second).toMatchObject({ status: 'completed', left_because: { exists: begun } })
    expect(second.counts.completed).toBe(ticks - begun)
    const third = await end(await begin('night', { only: 'failed', order: 'newest' }))
    expect(third).toMatchObject({ counts: { completed: ended }, left_because: { completed: ticks - ended } })
    expect(await runsOf('night')).toEqual(
      left.map((runs) => (runs[0] === 'cancelled' ? ['cancelled', 'completed'] : ['completed'])),
    )
  })

  it('paused, starts nothing until it goes on; a run that is ended from outside is seen', async () => {
    openRuns()
    const backfill = await begin('pause', { maxActive: 1, untilMs: fromMs + 3 * hour })
    await until('the first', async () => release.length === 1)
    await backfill.executeUpdate(pauseBackfillUpdate, { args: [{ note: 'too much', by: 'ada' }] })
    const [run] = (await view(backfill)).open_runs
    await on.stack.client.workflow.getHandle(run?.run ?? '').terminate()
    const rested = await until('nothing is open', async () => {
      const now = await view(backfill)
      return now.counts.open === 0 && now
    })
    expect(rested).toMatchObject({ status: 'paused', paused_because: 'paused by ada: too much' })
    expect(rested.counts).toMatchObject({ failed: 1, waiting: 2 })
    on.api = {}
    expect(await backfill.executeUpdate(resumeBackfillUpdate)).toMatchObject({ status: 'running' })
    expect(await end(backfill)).toMatchObject({
      status: 'failed',
      counts: { completed: 2, failed: 1 },
      failures: [{ nominal_at: '2026-04-01T00:00:00.000Z', run: run?.run, status: 'failed' }],
    })
  })

  it('finds what an attempt had started whose answer was lost, and after a cancel starts nothing more', async () => {
    const isLost = new Set<string>()
    on.api.advance = async (go) => {
      const advance = await go()
      const { activityId } = Context.current().info
      if (isLost.size > 3 || isLost.has(activityId)) return advance
      isLost.add(activityId)
      throw ApplicationFailure.retryable('the answer is lost')
    }
    expect(await end(await begin('lost'))).toMatchObject({ counts: { completed: ticks, left: 0 } })
    expect(await runsOf('lost')).toEqual(each('completed'))

    openRuns()
    const isCancelled = Promise.withResolvers<void>()
    on.api.advance = async (go) => {
      if (Context.current().info.attempt > 1) return go()
      // Of three places.
      await go(1)
      await isCancelled.promise
      throw ApplicationFailure.retryable('died')
    }
    const backfill = await begin('stopped')
    await until('the first run', async () => release.length === 1)
    await backfill.cancel()
    isCancelled.resolve()
    const counts = { waiting: ticks - 1, open: 0, cancelled: 1 }
    expect(await end(backfill)).toMatchObject({ status: 'cancelled', counts })
    expect((await runsOf('stopped')).flat()).toEqual(['cancelled'])
  })

  it('beside others of the same range, doubles nothing, whatever they are asked for', async () => {
    const together = await Promise.all([begin('beside'), begin('beside', { order: 'newest' })])
    const done = await Promise.all(together.map(end))
    expect(done.reduce((sum, { counts }) => sum + counts.completed, 0)).toBe(ticks)
    expect(await runsOf('beside')).toEqual(each('completed'))
    expect(on.triggers).toHaveLength(ticks)
    expect(await end(await begin('beside', { only: 'all', maxActive: 30 }))).toMatchObject({
      counts: { completed: ticks, left: 0 },
    })
    expect(await runsOf('beside')).toEqual(each('completed', 'completed'))
  })
})
