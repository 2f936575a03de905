// biome-ignore-all lint/suspicious/noTemplateCurlyInString: the marks of our own templates
import { ApplicationFailure, Context } from '@temporalio/activity'
import type { WorkflowHandle } from '@temporalio/client'
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { installationNames } from '../../src/contract/names.ts'
import type { BackfillView } from '../../src/contract/schedules/backfills.ts'
import type { JobRunRecord } from '../../src/pipeline/index.ts'
import { ownRunId } from '../../src/schedule/ids.ts'
import { tickRunId } from '../../src/schedule/plan/index.ts'
import { SchedulesClient, type StartBackfill } from '../../src/schedules/index.ts'
import { patientQueryMs } from '../helpers/stack.ts'
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

const plan = planFrom(
  "name: daily\nsteps: { work: { job_type: x, config: { day: '${{ pipeline.scheduled_for }}' } } }",
)
const dayMs = 86_400_000
const fromMs = Date.UTC(2026, 3, 1)
const ticks = 30
const nominals = Array.from({ length: ticks }, (_, n) => fromMs + n * dayMs)
const range = { from: '2026-04-01', until: '2026-05-01' }

/** Several executions of each backfill. */
const timing = { stepHeartbeatMs: 2_000, maxHistoryEvents: 60, queryTimeoutMs: patientQueryMs }
const clientOf = (email = 'ada@example.com') =>
  new SchedulesClient(on.stack.client, {
    taskQueue: 'scripted',
    owner: { workspace: 'blue', email },
    timing,
  })

/** Nothing but a backfill starts a run: it is paused. */
async function apply(name: string): Promise<void> {
  const dst = { gap: 'next', fold: 'first' } as const
  const spec = { everyMs: dayMs, timezone: 'UTC', dst, jitterMs: 0, untilMs: null }
  const catchUp = { windowMs: 1, keep: 'none' } as const
  const schedule = { name, spec, overlap: 'skip', catchUp, inputs: {}, paused: true } as const
  await clientOf().apply({ pipeline: plan, schedule })
}

interface Begun {
  id: string
  handle: WorkflowHandle
}

async function begin(schedule: string, options: Partial<StartBackfill> = {}): Promise<Begun> {
  const { id } = await clientOf().backfill(schedule, { ...range, maxActive: 3, ...options })
  return { id, handle: on.stack.client.workflow.getHandle(installationNames().backfillId('blue', id)) }
}

const view = ({ id }: Begun): Promise<BackfillView> => clientOf().showBackfill(id)
const end = ({ handle }: Begun): Promise<BackfillView> => handle.result() as Promise<BackfillView>

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
  return Promise.all(nominals.map((at) => statuses(ownRunId({ name: schedule, workspace: 'blue' }, at))))
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

describe('a backfill', { timeout: 120_000 }, () => {
  it('runs each tick once, over a worker that goes; cancelled and followed by others, too', async () => {
    await apply('night')
    openRuns()
    const first = await begin('night')
    await until('a full house', () => release.length === 3)
    // However long the next looks take, six more end, and no others.
    const ending = new Set<string>()
    on.api.trigger = async (input) => {
      if (ending.size < 6) ending.add(input.firstExecutionRunId)
      const isEnding = ending.has(input.firstExecutionRunId)
      return isEnding ? { phase: 'terminal', record: recordOf(input) } : openRun(input)
    }
    for (const letGo of release.splice(0)) letGo()
    await until('some have run', async () => (await view(first)).counts.completed > 5)
    await on.restartWorker()
    await until('a full house again', async () => {
      const { completed, open } = (await view(first)).counts
      return completed === 9 && open === 3
    })
    await clientOf().cancelBackfill(first.id)
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

    const planned = await clientOf().planBackfill('night', range)
    expect(planned).toMatchObject({
      runs: ticks - begun,
      max_active: 1,
      warnings: [expect.stringContaining('1 day:')],
    })
    expect(planned.lines.map(({ action, status }) => [action, status])).toEqual(
      left.map(([status]) => (status === undefined ? ['run', null] : ['leave', status])),
    )

    on.api = {}
    const second = await end(await begin('night'))
    expect(second).toMatchObject({ status: 'completed', left_because: { exists: begun } })
    expect(second.counts.completed).toBe(ticks - begun)
    const third = await end(await begin('night', { only: 'failed', order: 'newest' }))
    expect(third).toMatchObject({ counts: { completed: ended }, left_because: { completed: ticks - ended } })
    expect(await runsOf('night')).toEqual(
      left.map((runs) => (runs[0] === 'cancelled' ? ['cancelled', 'completed'] : ['completed'])),
    )
    const days = nominals.map((at) => new Date(at).toISOString())
    expect(new Set(on.triggers.map(({ config }) => config?.['day']))).toEqual(new Set(days))
    const rows = await clientOf().ledger('night', { from: new Date(fromMs), until: new Date('2026-05-01') })
    expect(rows.map(({ nominal_at, outcome }) => [nominal_at, outcome])).toEqual(
      days.map((day) => [day, 'backfilled']),
    )
    expect(rows.filter(({ run }) => run?.endsWith('-r2'))).toHaveLength(ended)
    expect((await clientOf().backfills('night')).map(({ id, status }) => [id, status])).toEqual([
      [third.id, 'completed'],
      [second.id, 'completed'],
      [first.id, 'cancelled'],
    ])
  })

  it('paused, starts nothing until it goes on; a run that is ended from outside is seen', async () => {
    await apply('pause')
    openRuns()
    const backfill = await begin('pause', { maxActive: 1, until: '2026-04-04' })
    await until('the first', async () => release.length === 1)
    await clientOf().pauseBackfill(backfill.id, { note: 'too much' })
    const [run] = (await view(backfill)).open_runs
    await on.stack.client.workflow.getHandle(run?.run ?? '').terminate()
    const rested = await until('nothing is open', async () => {
      const now = await view(backfill)
      return now.counts.open === 0 && now
    })
    expect(rested).toMatchObject({ status: 'paused', paused_because: 'paused by ada@example.com: too much' })
    expect(rested.counts).toMatchObject({ failed: 1, waiting: 2 })
    on.api = {}
    expect(await clientOf().resumeBackfill(backfill.id)).toMatchObject({ status: 'running' })
    expect(await end(backfill)).toMatchObject({
      status: 'failed',
      counts: { completed: 2, failed: 1 },
      failures: [{ nominal_at: '2026-04-01T00:00:00.000Z', run: run?.run, status: 'failed' }],
    })
    await expect(clientOf().pauseBackfill(backfill.id)).rejects.toMatchObject({ code: 'backfill_over' })
  })

  it('terminated, leaves its runs to themselves, and the rest to another', async () => {
    await apply('ended')
    openRuns()
    const first = await begin('ended', { maxActive: 2 })
    await until('two runs', () => release.length === 2)
    await first.handle.terminate()
    expect(await view(first)).toMatchObject({
      status: 'failed',
      warnings: [expect.stringContaining('closed from outside (terminated)')],
    })
    on.api = {}
    expect(await end(await begin('ended'))).toMatchObject({
      status: 'completed',
      counts: { completed: ticks - 2 },
      left_because: { open: 2 },
    })
    for (const letGo of release) letGo()
  })

  it('finds what an attempt had started whose answer was lost, and after a cancel starts nothing more', async () => {
    await apply('lost')
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

    await apply('stopped')
    openRuns()
    const isCancelled = Promise.withResolvers<void>()
    on.api.advance = async (go) => {
      if (Context.current().info.attempt > 1) return go()
      // Of three places.
      await go(1)
      const context = Context.current()
      const beating = setInterval(() => context.heartbeat(), 500)
      await isCancelled.promise.finally(() => clearInterval(beating))
      throw ApplicationFailure.retryable('died')
    }
    const backfill = await begin('stopped')
    await until('the first run', async () => release.length === 1)
    await clientOf().cancelBackfill(backfill.id)
    isCancelled.resolve()
    const counts = { waiting: ticks - 1, open: 0, cancelled: 1 }
    expect(await end(backfill)).toMatchObject({ status: 'cancelled', counts })
    expect((await runsOf('stopped')).flat()).toEqual(['cancelled'])
  })

  it('is started once under its key, and stands beside those of other workspaces', async () => {
    await apply('keyed')
    const asked = { ...range, key: 'abc' }
    const once = await clientOf().backfill('keyed', asked)
    expect(once).toMatchObject({ id: 'keyed-backfill-abc', existed: false, ticks })
    expect(await clientOf().backfill('keyed', asked)).toMatchObject({ id: once.id, existed: true })
    await expect(clientOf().backfill('keyed', { ...asked, only: 'all' })).rejects.toMatchObject({
      code: 'backfill_id_reused',
    })
    const red = clientOf().as({ owner: { workspace: 'red', email: 'bob@example.com' }, workspace: 'red' })
    await expect(red.showBackfill(once.id)).rejects.toMatchObject({ code: 'unknown_backfill' })
    await expect(red.planBackfill('keyed', range)).rejects.toMatchObject({ code: 'unknown_schedule' })
    const seen: BackfillView[] = []
    for await (const each of clientOf().watchBackfill(once.id)) seen.push(each)
    expect(seen.at(-1)).toMatchObject({ status: 'completed', counts: { completed: ticks } })
  })

  it('beside others of the same range, doubles nothing, whatever they are asked for', async () => {
    await apply('beside')
    const together = await Promise.all([begin('beside'), begin('beside', { order: 'newest' })])
    const done = await Promise.all(together.map(end))
    expect(done.reduce((sum, { counts }) => sum + counts.completed, 0)).toBe(ticks)
    expect(await runsOf('beside')).toEqual(each('completed'))
    // One whose answer was late is sent again under its key.
    const keys = on.triggers.map(({ firstExecutionRunId, step }) => `${firstExecutionRunId}/${step}`)
    expect(new Set(keys).size).toBe(ticks)
    expect(await end(await begin('beside', { only: 'all', maxActive: 30 }))).toMatchObject({
      counts: { completed: ticks, left: 0 },
    })
    expect(await runsOf('beside')).toEqual(each('completed', 'completed'))
  })
})
