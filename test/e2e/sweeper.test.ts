import { fileURLToPath } from 'node:url'
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest'
import type { PipelineRemains } from '../../src/activities/index.ts'
import { runKey } from '../../src/activities/keys.ts'
import { remainsFromHistory } from '../../src/activities/sweep/remains-from-history.ts'
import { installationNames } from '../../src/contract/names.ts'
import type { SweepReport } from '../../src/contract/sweep.ts'
import type { PlanValue } from '../../src/pipeline/plan/index.ts'
import { ensureSweepSchedule, readSweeps } from '../../src/temporal/index.ts'
import { type ForeignServer, startForeignServer } from '../foreign-server/index.ts'
import { type CountingProxy, startCountingProxy } from '../helpers/counting-proxy.ts'
import { planOf, planStep } from '../helpers/plans.ts'
import { startProcess } from '../helpers/processes.ts'
import type { TestStack } from '../helpers/stack.ts'
import { type StackBehind, startStackBehind } from '../helpers/stack-behind.ts'
import { until } from '../helpers/until.ts'

/** What a pipeline run leaves active when it is terminated, where no code of it runs any more. */

const names = installationNames()
let foreign: ForeignServer
let behind: StackBehind<CountingProxy>
let stack: TestStack
/** Called with the key of each request to our own server, before it is passed on and before its answer is. */
let onRequest: ((key: string, isAnswered: boolean) => Promise<void>) | undefined
/** At the foreign server, also those that are not done yet. */
let arrivedTriggers = 0
beforeAll(async () => {
  foreign = await startForeignServer({
    manual: true,
    onArrival(endpoint) {
      if (endpoint === 'create_run') arrivedTriggers += 1
    },
  })
  behind = await startStackBehind(
    (target) =>
      startCountingProxy(target, (headers, isAnswered) =>
        onRequest?.(String(headers['idempotency-key']), isAnswered),
      ),
    {
      database: 'postgres',
      configFile: fileURLToPath(new URL('./foreign.config.ts', import.meta.url)),
      env: { FOREIGN_URL: foreign.url },
    },
  )
  ;({ stack } = behind)
  // Sweeps come when a test wants them, and only then.
  await until('the schedule is there', async () => {
    await schedule().pause('by hand')
    return true
  })
})
afterAll(async () => {
  await behind?.stop()
  await foreign?.stop()
})
afterEach(() => {
  foreign.habits.slowCommitMs = {}
  onRequest = undefined
})

const schedule = () => stack.client.schedule.getHandle(names.sweeperId)
const terminate = (id: string) => stack.client.workflow.getHandle(id).terminate('by hand')
const foreignRuns = () => [...foreign.runs.values()]
const statusOf = (run: { history: { status: string }[] }) => run.history.at(-1)?.status

/** Sweeps at once, and once more while there is something left to do. */
function sweepUntil(
  what: string,
  isEnough: (report: SweepReport) => boolean | Promise<boolean>,
): Promise<SweepReport> {
  return until(
    what,
    async () => {
      const beforeMs = Date.now()
      await schedule().trigger('SKIP')
      const { last } = await until('a sweep', async () => {
        const state = await readSweeps(stack.client, names)
        return state?.last && state.last.startedAtMs >= beforeMs && state
      })
      return last !== undefined && (await isEnough(last)) && last
    },
    120_000,
  )
}

const foreignWork = (id: string) =>
  planStep(id, {
    target: { kind: 'job_type', jobType: 'work' },
    config: { kind: 'literal', value: { job_type: 'work' } },
  })
const foreignPlan = planOf([foreignWork('one'), foreignWork('two')], { connection: 'bounded' })
const ownPlan = planOf([
  planStep('long', {
    forEach: { kind: 'literal', value: [1, 2] },
    maxParallel: 2,
    config: { kind: 'literal', value: { duration: '10m' } },
  }),
])

/** What the history tells, for a pipeline run that no worker can replay. */
async function expectSameFromHistory(id: string): Promise<void> {
  const handle = stack.client.workflow.getHandle(id)
  const asked = await handle.query<PipelineRemains>('remains')
  const read = remainsFromHistory(await handle.fetchHistory(), 0)
  // A history has them in the order in which their triggers were answered.
  const bare = (remains: PipelineRemains | undefined) =>
    remains?.runs
      .map(({ step, item, generation, jobRunId, trigger }) => [
        step,
        item,
        generation,
        jobRunId,
        trigger?.job.jobId,
      ])
      .toSorted((one, other) => String(one).localeCompare(String(other)))
  expect(bare(read)).toEqual(bare(asked))
  expect(read?.runs).toHaveLength(2)
  expect([read?.connection, read?.firstExecutionRunId, read?.mode === 'fenced']).toEqual([
    asked.connection,
    asked.firstExecutionRunId,
    asked.mode === 'fenced',
  ])
}

describe('a pipeline run that is terminated', () => {
  it('has its job runs cancelled, on our own server and on others; one that is open is not touched', async () => {
    const ownRuns = async () => (await stack.api.listJobRuns({})).items.map(({ status }) => status)
    const ids = [await stack.runPlan(ownPlan), await stack.runPlan(foreignPlan)]
    const stays = await stack.runPlan(planOf([foreignWork('stays')], { connection: 'bounded' }))
    await until('all job runs are active', async () => {
      const own = await ownRuns()
      return own.length === 2 && own.every((status) => status === 'running') && foreignRuns().length === 3
    })
    // Until its first workflow task is over, Temporal answers no query of a run that is closed.
    for (const id of ids)
      await until(`${id} knows them`, async () => {
        const { runs } = await stack.client.workflow.getHandle(id).query<PipelineRemains>('remains')
        return runs.length === 2 && runs.every(({ jobRunId }) => jobRunId !== null)
      })
    const view = await until('the one that stays is known', async () => {
      const { steps } = await stack.pipelines.show(stays)
      return steps[0]?.job_run_id ?? undefined
    })
    for (const id of ids) await terminate(id)
    for (const id of ids) await expectSameFromHistory(id)
    await sweepUntil('all are cancelled', async () => {
      const ended = foreignRuns().filter((run) => statusOf(run) === 'cancelled')
      return ended.length === 2 && (await ownRuns()).every((status) => status === 'cancelled')
    })
    const left = foreignRuns().filter((run) => statusOf(run) !== 'cancelled')
    expect(left.map(({ uuid }) => uuid)).toEqual([view])
    const after = await sweepUntil(
      'nothing is left to do',
      ({ unfinished, looked }) => unfinished + looked === 0,
    )
    expect(after.findings).toEqual([])
    foreign.endRun(view, 'completed')
    expect(await stack.client.workflow.getHandle(stays).result()).toMatchObject({ status: 'completed' })
  })

  it('while a trigger is under way has cancelled what comes of it', async () => {
    const earlier = foreign.runs.size
    const sent = arrivedTriggers
    // Its run is made when the pipeline run is closed already.
    foreign.habits.slowCommitMs = { create_run: 5_000 }
    const id = await stack.runPlan(planOf([foreignWork('late')], { connection: 'bounded' }))
    await until('its trigger is there', () => arrivedTriggers > sent)
    await terminate(id)
    await sweepUntil('it is cancelled', () => {
      const made = foreignRuns().slice(earlier)
      return made.length === 1 && made.every((run) => statusOf(run) === 'cancelled')
    })
  })

  const chain = (long: string) =>
    planOf(
      ['first', 'second', 'third'].map((id, index, all) =>
        planStep(id, {
          needs: all.slice(index - 1, index),
          config: { kind: 'literal', value: { duration: id === long ? '10m' : '1ms' } },
        }),
      ),
    )
  const recorded = async () => (await stack.api.listJobRuns({ limit: 200 })).items
  it.each([
    ['first', 'on its way', 0],
    ['third', 'on its way', 2],
    ['third', 'done', 2],
  ] as const)(
    'with its worker, while the trigger of the %s step is %s, leaves nothing active',
    async (step, how, completed) => {
      const earlier = new Set((await recorded()).map(({ uuid }) => uuid))
      const started = Promise.withResolvers<string>()
      const closed = Promise.withResolvers<void>()
      const swept = Promise.withResolvers<void>()
      const answered = Promise.withResolvers<void>()
      let isHeld = false
      let isSwept = false
      onRequest = async (sent, isAnswered) => {
        if (sent !== (await started.promise)) return
        if (!isHeld && isAnswered === (how === 'done')) {
          isHeld = true
          await terminate(id)
          await stack.kill('worker')
          closed.resolve()
          await swept.promise
          isSwept = true
        }
        // The cancel of the sweep has the same key.
        if (isAnswered && isSwept) answered.resolve()
      }
      const id = await stack.runPlan(chain(step))
      const handle = stack.client.workflow.getHandle(id)
      const { runId } = await handle.describe()
      const place = { firstExecutionRunId: runId, step, item: null, generation: 1 }
      const key = runKey({ namespace: 'default', workflowId: id }, place)
      started.resolve(key)
      await closed.promise
      const read = remainsFromHistory(await handle.fetchHistory(), 0)
      expect([...(read?.runs ?? []), ...(read?.unbegun ?? [])]).toContainEqual(
        expect.objectContaining({ step, item: null, generation: 1 }),
      )
      await stack.start('worker')
      await sweepUntil('it is done with', ({ next }) => next.done.includes(runId))
      swept.resolve()
      await answered.promise
      onRequest = undefined
      const own = (await recorded()).filter(({ uuid }) => !earlier.has(uuid))
      const others = own.filter(({ status }) => status !== 'completed')
      expect(own.length - others.length).toBe(completed)
      // Whoever asks about the closed run may have a worker trigger once more, under the same key.
      expect(new Set(others.map(({ status }) => status))).toEqual(
        new Set(others.length > 0 ? ['cancelled'] : []),
      )
      expect(others.length).toBeGreaterThanOrEqual(how === 'done' ? 1 : 0)
    },
    60_000,
  )

  it.each<[string, PlanValue]>([
    ['that is known', { kind: 'literal', value: [...Array(30).keys()] }],
    ['that nobody has evaluated', { kind: 'expression', source: `[${[...Array(30).keys()]}]` }],
  ])(
    'with its worker, in the middle of a list %s, leaves none of it active',
    async (_, forEach) => {
      const earlier = new Set((await recorded()).map(({ uuid }) => uuid))
      const closed = Promise.withResolvers<void>()
      const swept = Promise.withResolvers<void>()
      // A request whose answer is late is sent again under its key.
      const made = new Set<string>()
      let isClosed = false
      onRequest = async (key, isAnswered) => {
        if (key === 'undefined' || !isAnswered) return
        if (isClosed) return swept.promise
        made.add(key)
        if (made.size < 12) return
        isClosed = true
        await terminate(id)
        await stack.kill('worker')
        closed.resolve()
        await swept.promise
      }
      const config = { kind: 'literal', value: { duration: '10m' } } as const
      const id = await stack.runPlan(planOf([planStep('each', { forEach, maxParallel: 30, config })]))
      const { runId } = await stack.client.workflow.getHandle(id).describe()
      await closed.promise
      const own = async () => (await recorded()).filter(({ uuid }) => !earlier.has(uuid))
      expect((await own()).length).toBeGreaterThanOrEqual(12)
      await stack.start('worker')
      await sweepUntil('it is done with', ({ next }) => next.done.includes(runId))
      swept.resolve()
      onRequest = undefined
      expect(new Set((await own()).map(({ status }) => status))).toEqual(new Set(['cancelled']))
    },
    120_000,
  )

  it('is only told of where nothing more is wanted', async () => {
    expect(await ensureSweepSchedule(stack.client, names, 'report')).toBe('updated')
    const id = await stack.runPlan(planOf([foreignWork('told')], { connection: 'bounded' }))
    const jobRunId = await until(
      'it is known',
      async () => (await stack.pipelines.show(id)).steps[0]?.job_run_id ?? undefined,
    )
    await terminate(id)
    const { findings } = await sweepUntil('it is told of', (report) => report.findings.length > 0)
    expect(findings).toEqual([{ pipelineRun: id, step: 'told', item: null, jobRunId, outcome: 'active' }])
    expect(statusOf(foreign.runs.get(jobRunId) ?? { history: [] })).toBe('running')
    // Told once; and not done with for a sweep that cancels.
    await sweepUntil('nothing is left to tell', ({ looked }) => looked === 0)
    expect(await ensureSweepSchedule(stack.client, names, 'cancel')).toBe('updated')
    await sweepUntil(
      'it is cancelled',
      () => statusOf(foreign.runs.get(jobRunId) ?? { history: [] }) === 'cancelled',
    )
  })
})

it('a place is given on when the job runs of a terminated run are over, and survives a kill of the worker', async () => {
  const key = { kind: 'literal', value: 'one at a time' } as const
  const config = { kind: 'literal', value: { duration: '10m' } } as const
  const plan = planOf([planStep('long', { config })], { concurrency: { key, limit: 1, whenFull: 'queue' } })
  const jobRunOf = (id: string) =>
    until('it has a job run', async () => (await stack.pipelines.show(id)).steps[0]?.job_run_id ?? undefined)
  const first = await stack.runPlan(plan)
  const firstRun = await jobRunOf(first)
  const waits = (id: string, position: number) =>
    until(
      `it is number ${position}`,
      async () => (await stack.pipelines.show(id)).queue?.position === position,
    )
  const second = await stack.runPlan(plan)
  await waits(second, 1)
  const third = await stack.runPlan(plan)
  await waits(third, 2)
  await stack.kill('worker')
  await terminate(first)
  await terminate(second)
  await stack.start('worker')
  const after = await stack.api.getJobRun(await jobRunOf(third))
  const ended = await stack.api.getJobRun(firstRun)
  expect(ended.status).toBe('cancelled')
  expect(Date.parse(ended.finished_at ?? '')).toBeLessThanOrEqual(Date.parse(after.created_at))
  await stack.pipelines.cancel(third)
  await until('nobody has a place', async () => (await stack.pipelines.limits()).length === 0)
})

it('a pipeline run that is reset to before its job was made has the job run that it forgot cancelled', async () => {
  const earlier = foreign.runs.size
  const id = await stack.runPlan(planOf([foreignWork('again')], { connection: 'bounded' }))
  const runs = () => foreignRuns().slice(earlier)
  await until('it has a run', () => Promise.resolve(runs().length === 1))
  const { events } = await stack.client.workflow.getHandle(id).fetchHistory()
  const job = events?.find(
    ({ activityTaskScheduledEventAttributes: begun }) => begun?.activityType?.name === 'createJob',
  )?.activityTaskScheduledEventAttributes
  await stack.client.workflowService.resetWorkflowExecution({
    namespace: 'default',
    workflowExecution: { workflowId: id },
    workflowTaskFinishEventId: job?.workflowTaskCompletedEventId ?? null,
    requestId: id,
    reason: 'by hand',
  })
  await until('it has another run', () => Promise.resolve(runs().length === 2))
  await sweepUntil('the first is cancelled', () => runs().some((run) => statusOf(run) === 'cancelled'))
  const [forgotten, kept] = runs()
  expect([forgotten, kept].map((run) => run && statusOf(run))).toEqual(['cancelled', 'running'])
  foreign.endRun(kept?.uuid ?? '', 'completed')
  expect(await stack.client.workflow.getHandle(id).result()).toMatchObject({ status: 'completed' })
})

it('several workers share one schedule, which stays as somebody paused it', async () => {
  const root = fileURLToPath(new URL('../../src/worker.ts', import.meta.url))
  const second = startProcess(process.execPath, [root], { ...stack.env, JOBWRIGHT_SWEEP: 'report' })
  try {
    await second.event('ready')
    await until('it is updated', async () => {
      const { action } = await schedule().describe()
      return JSON.stringify(action.args) === '[{"mode":"report"}]'
    })
    const found: string[] = []
    for await (const { scheduleId } of stack.client.schedule.list()) found.push(scheduleId)
    expect(found).toEqual([names.sweeperId])
    expect(await readSweeps(stack.client, names)).toMatchObject({ isPaused: true })
    expect(await ensureSweepSchedule(stack.client, names, 'report')).toBe('unchanged')
  } finally {
    await second.stop()
  }
})
