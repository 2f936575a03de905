import { writeFile } from 'node:fs/promises'
import path from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { installationNames } from '../../src/contract/names.ts'
import type { PipelinePlan, PlanStep } from '../../src/pipeline/plan/index.ts'
import { PipelinesClient } from '../../src/pipelines/index.ts'
import type { PipelineTiming } from '../../src/workflows/messages.ts'
import { heldConfigFile, heldStep } from '../helpers/held.ts'
import { untilOver } from '../helpers/over.ts'
import { planOf, planStep } from '../helpers/plans.ts'
import { startTestStack, type TestStack } from '../helpers/stack.ts'
import { until } from '../helpers/until.ts'
import { silenceWatcher } from '../helpers/watcher.ts'

const { taskQueues, waitsWatcherId } = installationNames()

/** How a step triggers and waits: nothing is held, the feed ends the wait, and the lease covers what the feed misses. */

let on: TestStack
beforeAll(async () => {
  on = await startTestStack({ database: 'postgres', configFile: heldConfigFile })
  // What the first run of a worker costs is not counted here.
  await finished(await start(planOf([planStep('first', { config: sleepFor('1ms') })])))
})
afterAll(() => on?.stop())

const sleepFor = (duration: string) => ({ kind: 'literal' as const, value: { duration } })

let files = 0
/** Its run lasts until it is let go: once the step was seen waiting, however late that is. */
function held(id: string, needs: string[] = []) {
  files += 1
  const file = path.join(on.dataDir, `let-go-${files}`)
  return { step: heldStep(id, { file }, { needs }), letGo: () => writeFile(file, '') }
}

async function eventTypes(id: string): Promise<string[]> {
  const history = await on.client.workflow.getHandle(id).fetchHistory()
  return (history.events ?? []).map(
    (event) => Object.keys(event).find((key) => key.endsWith('EventAttributes')) ?? '',
  )
}

/** What the connection was found to be, that local triggers are used, the lease. */
const ofAll = 1 + 2 + 1

async function start(plan: PipelinePlan, timing: Partial<PipelineTiming> = {}): Promise<string> {
  const pipelines = new PipelinesClient(on.client, {
    timing: { waitLeaseMs: 6 * 60 * 60_000, stepHeartbeatMs: 2_000, ...timing },
  })
  return (await pipelines.start(plan, {})).id
}

/** Nothing of it is at work but the job run of this step. */
async function isWaiting(id: string, of: string): Promise<boolean> {
  const { raw } = await on.client.workflow.getHandle(id).describe()
  const { steps } = await on.pipelines.show(id)
  const line = steps.find(({ step }) => step === of)
  return !raw.pendingActivities?.length && Boolean(line?.job_run_id) && line?.status === 'running'
}

/** The old one is gone together with its worker: it would hear late of its end, and tell of what it reads meanwhile. */
async function withoutWatcher(): Promise<() => Promise<void>> {
  await on.kill('worker')
  const restore = await silenceWatcher(on)
  await on.start('worker')
  return restore
}

async function finished(id: string) {
  return untilOver(on.pipelines, id)
}

const idsOf = (steps: number) => Array.from({ length: steps }, (_, index) => `s${index}`)

/** Of steps that follow each other; again while there are more, as what is late on a busy machine takes another workflow task. */
async function eventsOfChain(
  most: number,
  once: () => { chain: PlanStep[]; meanwhile?: (id: string) => Promise<unknown> },
): Promise<string[]> {
  for (const untilMs = Date.now() + 60_000; ; ) {
    const { chain, meanwhile } = once()
    const id = await start(planOf(chain))
    await meanwhile?.(id)
    expect((await finished(id)).status).toBe('completed')
    const events = await eventTypes(id)
    if (events.length <= most || Date.now() > untilMs) return events
  }
}

describe('a step', () => {
  it('costs six events at most when its run ends at once', async () => {
    const most = 5 + ofAll + 6 * 10
    const chain = idsOf(10).map((id, index, ids) =>
      planStep(id, { needs: ids.slice(Math.max(0, index - 1), index), config: sleepFor('1ms') }),
    )
    const events = await eventsOfChain(most, () => ({ chain }))
    expect(events.length).toBeLessThanOrEqual(most)
    expect(
      events.filter((type) => type === 'workflowTaskCompletedEventAttributes').length,
    ).toBeLessThanOrEqual(2 + 10)
  })

  it('costs five events when its run takes longer, and holds no activity meanwhile', async () => {
    // Its trigger, the signal, and the workflow task that follows.
    const most = 5 + ofAll + 5 * 3
    const events = await eventsOfChain(most, () => {
      const links = idsOf(3).map((id, index, ids) => held(id, ids.slice(Math.max(0, index - 1), index)))
      const meanwhile = async (id: string) => {
        for (const { step, letGo } of links) {
          await until(`${step.id} waits`, () => isWaiting(id, step.id))
          await letGo()
        }
      }
      return { chain: links.map(({ step }) => step), meanwhile }
    })
    expect(events).toHaveLength(most)
    expect(events.some((type) => type.startsWith('activityTask'))).toBe(false)
  })

  it('is ended by the lease when nobody watches the feed', async () => {
    const restore = await silenceWatcher(on)
    const id = await start(planOf([planStep('unwatched', { config: sleepFor('3s') })]), {
      waitLeaseMs: 2_000,
    })
    expect((await finished(id)).status).toBe('completed')
    await restore()
  })

  it('is ended by a new watcher when the old one was terminated, also for what came between', async () => {
    const restore = await withoutWatcher()
    const { step, letGo } = held('between')
    const id = await start(planOf([step]))
    await until('it waits', () => isWaiting(id, 'between'))
    await letGo()
    const [run] = (await on.api.listJobRuns({ limit: 1 })).items
    expect((await on.api.getJobRun(run!.uuid, { waitSeconds: 30 })).status).toBe('completed')
    await restore()
    expect((await finished(id)).status).toBe('completed')
  })
})

describe('the watcher', () => {
  it('is not held up by references that nobody should have written', async () => {
    const job = await on.api.createJob({ job_type: 'sleep', config: { job_type: 'sleep', duration: '1ms' } })
    const { step, letGo } = held('patient')
    const id = await start(planOf([step]))
    await until('it waits', () => isWaiting(id, 'patient'))
    const handle = on.client.workflow.getHandle(waitsWatcherId('default'))
    const { runId } = await handle.describe()
    const references = [
      ['jobwright/1', 'default', '', '/wait'],
      ['jobwright/1', 'default', 'x'.repeat(1_500), 'a/-/1/wait'],
      ['jobwright/1', 'default', waitsWatcherId('default'), 'watch'],
    ]
    for (const reference of references) {
      const request = { job_id: job.uuid, client_ref: JSON.stringify(reference) }
      const { uuid } = await on.api.createJobRun(request)
      // Its end comes before that of the step's run in the feed.
      await until('its run is over', async () => (await on.api.getJobRun(uuid)).finished_at ?? undefined)
    }
    await letGo()
    expect((await finished(id)).status).toBe('completed')
    const watcher = await handle.describe()
    expect(watcher).toMatchObject({ runId, status: { name: 'RUNNING' } })
    const [watch] = watcher.raw.pendingActivities ?? []
    expect(watch?.activityId).toBe('watch')
    // One that was silent for too long is begun anew, and only that: it does not fail by itself.
    expect(watch?.lastFailure?.applicationFailureInfo ?? null).toBeNull()
  })
})

describe('a watcher that is refused', () => {
  const startWatcher = (connection: string, cursor: string) =>
    on.client.workflow.start('watchChanges', {
      workflowId: waitsWatcherId(connection),
      taskQueue: taskQueues.pipelines,
      workflowIdConflictPolicy: 'TERMINATE_EXISTING',
      args: [{ connection, activity: 'watchWaits', cursor, heartbeatMs: 2_000 }],
    })

  it('begins anew where its cursor is of another database', async () => {
    const { firstExecutionRunId } = await startWatcher('default', 'of-another-database')
    const id = await start(planOf([planStep('watched', { config: sleepFor('3s') })]))
    expect((await finished(id)).status).toBe('completed')
    const watcher = await on.client.workflow.getHandle(waitsWatcherId('default')).describe()
    expect(watcher).toMatchObject({ runId: firstExecutionRunId, status: { name: 'RUNNING' } })
  })

  it('goes on where this worker does not know its connection: another one may', async () => {
    const handle = await startWatcher('other', '')
    await until('it is tried again', async () => {
      const { raw } = await handle.describe()
      return (raw.pendingActivities?.[0]?.attempt ?? 0) > 1
    })
    await handle.terminate('test')
  })
})

describe('the saved job of a step', () => {
  const plan = (name: string) => planOf([planStep('only', { config: sleepFor('2ms') })], { name })

  async function runOf(id: string) {
    const view = await finished(id)
    expect(view.steps).toMatchObject([{ status: 'completed', error: null }])
    return on.api.getJobRun(view.steps[0]!.job_run_id!)
  }

  it('is one for all pipeline runs of the same content', async () => {
    const first = await runOf(await start(plan('same')))
    expect((await runOf(await start(plan('same')))).job_id).toBe(first.job_id)
  })

  it('is not used when a person changed it', async () => {
    const first = await runOf(await start(plan('changed')))
    await on.api.updateJob(first.job_id, { config: { duration: '7ms' } })
    const second = await runOf(await start(plan('changed')))
    expect(second.job_id).not.toBe(first.job_id)
    expect(second.config).toMatchObject({ duration: '2ms' })
  })

  it('is not missed when a person deleted it', async () => {
    const first = await runOf(await start(plan('deleted')))
    await on.api.deleteJob(first.job_id)
    expect((await runOf(await start(plan('deleted')))).job_id).not.toBe(first.job_id)
  })
})

describe('a history that grows long', () => {
  it('goes on as a new execution with runs open, and triggers none of them again', async () => {
    const earlier = new Set((await on.api.listJobRuns({})).items.map((run) => run.uuid))
    const count = 8
    const plan = planOf(
      [
        planStep('make', { config: sleepFor('1ms'), usedOutputs: ['slept'], valueOutputs: ['slept'] }),
        planStep('many', {
          needs: ['make'],
          forEach: { kind: 'literal', value: Array.from({ length: count }, (_, index) => index) },
          maxParallel: 4,
          config: sleepFor('1500ms'),
        }),
      ],
      { outputs: [{ name: 'slept', value: { kind: 'expression', source: 'steps.make.outputs.slept' } }] },
    )
    const id = await start(plan, { maxHistoryEvents: 16 })
    const firstRunId = (await on.client.workflow.getHandle(id).describe()).runId
    const view = await finished(id)
    expect(view.status).toBe('completed')
    expect(view.outputs).toHaveProperty('slept')
    expect((await on.client.workflow.getHandle(id).describe()).runId).not.toBe(firstRunId)
    const runs = (await on.api.listJobRuns({})).items.filter((run) => !earlier.has(run.uuid))
    expect(runs).toHaveLength(1 + count)
    expect(new Set(runs.map((run) => run.uuid))).toEqual(new Set(view.steps.map((step) => step.job_run_id)))
  })
})
