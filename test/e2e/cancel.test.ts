import { writeFile } from 'node:fs/promises'
import path from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import type { PipelineRunView } from '../../src/pipeline/plan/index.ts'
import { heldConfigFile, heldStep } from '../helpers/held.ts'
import { untilOver } from '../helpers/over.ts'
import { planOf, planStep } from '../helpers/plans.ts'
import { startTestStack, type TestStack } from '../helpers/stack.ts'
import { until } from '../helpers/until.ts'
import { silenceWatcher } from '../helpers/watcher.ts'

/** A cancel reaches every remote run, is confirmed by its terminal state, and nothing is triggered after it. */

let on: TestStack
beforeAll(async () => {
  on = await startTestStack({
    configFile: heldConfigFile,
    // A worker with so many job runs may stand still for a while, and is not taken for lost.
    env: { JOBWRIGHT_MAX_JOB_RUNS: '100', JOBWRIGHT_RUN_HEARTBEAT_MS: '10000' },
  })
})
afterAll(() => on?.stop())

const sleepFor = (duration: string) => ({ kind: 'literal' as const, value: { duration } })
const plan = planOf([
  planStep('long', {
    forEach: { kind: 'literal', value: [1, 2, 3] },
    maxParallel: 2,
    config: sleepFor('10m'),
  }),
  planStep('after', { needs: ['long'], config: sleepFor('1ms') }),
])

/** The runs that a test made: by the server's own record. */
async function recordRuns() {
  const earlier = new Set((await on.api.listJobRuns({})).items.map((run) => run.uuid))
  return async () => (await on.api.listJobRuns({})).items.filter((run) => !earlier.has(run.uuid))
}
type Runs = Awaited<ReturnType<typeof recordRuns>>

async function finished(id: string): Promise<PipelineRunView> {
  return untilOver(on.pipelines, id)
}

function running(runs: Runs, count: number) {
  return until(`${count} runs execute`, async () => {
    const found = (await runs()).filter((run) => run.status === 'running')
    return found.length === count && found
  })
}

/** Two items had begun: their runs are cancelled; the third and the next step have none. */
async function expectCancelled(id: string, runs: Runs): Promise<void> {
  const view = await finished(id)
  expect(view.status).toBe('cancelled')
  expect(view.steps.map((step) => step.status)).toEqual(['cancelled', 'cancelled', 'skipped', 'skipped'])
  expect((await runs()).map((run) => run.status)).toEqual(['cancelled', 'cancelled'])
}

describe('a cancelled pipeline run', () => {
  it('ends its remote runs and starts nothing more', async () => {
    const runs = await recordRuns()
    const id = await on.runPlan(plan)
    await running(runs, 2)
    await on.pipelines.cancel(id)
    await expectCancelled(id, runs)
  })

  it('does so when the worker is killed right after it was asked', async () => {
    const runs = await recordRuns()
    const id = await on.runPlan(plan)
    await running(runs, 2)
    await on.pipelines.cancel(id)
    await on.kill('worker')
    await on.start('worker')
    await expectCancelled(id, runs)
  })

  it('does so when the worker died before, and none is back', async () => {
    const runs = await recordRuns()
    const id = await on.runPlan(planOf([planStep('only', { config: sleepFor('10m') })]))
    const [run] = await running(runs, 1)
    await on.kill('worker')
    await on.api.cancelJobRun(run!.uuid)
    const over = await until('the run is over', async () => {
      const seen = await on.api.getJobRun(run!.uuid)
      return seen.finished_at !== undefined && seen
    })
    expect([over.status, over.error]).toEqual(['cancelled', undefined])
    await on.start('worker')
    expect((await finished(id)).steps.map((step) => step.status)).toEqual(['cancelled'])
  })

  it('does so when Temporal is killed right after it was asked', async () => {
    const runs = await recordRuns()
    const id = await on.runPlan(plan)
    await running(runs, 2)
    await on.pipelines.cancel(id)
    await on.kill('temporal')
    await on.start('temporal')
    await expectCancelled(id, runs)
  })

  it('stays open as cancelling while the API server is down, and closes when it is back', async () => {
    const runs = await recordRuns()
    const id = await on.runPlan(plan)
    await running(runs, 2)
    await on.kill('server')
    await on.pipelines.cancel(id)
    const view = await until('it is cancelling', async () => {
      const seen = await on.pipelines.show(id)
      return (
        seen.status === 'cancelling' &&
        seen.steps.filter((step) => step.status === 'cancelling').length === 2 &&
        seen.warnings.length > 0 &&
        seen
      )
    })
    expect(view.finished_at).toBeNull()
    expect(view.warnings.join()).toMatch(/^step long: tried again after: .*connect/)
    await on.start('server')
    await expectCancelled(id, runs)
  })

  it('never starts a run whose trigger was still on its way', async () => {
    const runs = await recordRuns()
    await on.kill('server')
    const id = await on.runPlan(planOf([planStep('only', { config: sleepFor('10m') })]))
    await until('the trigger is tried', async () => {
      const { raw } = await on.client.workflow.getHandle(id).describe()
      return (raw.pendingActivities?.[0]?.attempt ?? 0) > 1
    })
    await on.pipelines.cancel(id)
    // Until the cancel is taken, the trigger is tried again.
    await until('nobody tries it any more', async () => {
      const { raw } = await on.client.workflow.getHandle(id).describe()
      const names = (raw.pendingActivities ?? []).map(({ activityType }) => activityType?.name)
      return !names.includes('triggerJobRun')
    })
    await on.start('server')
    expect((await finished(id)).status).toBe('cancelled')
    expect(await runs()).toEqual([])
  })

  it('is not held up by those whose handlers take their time to stop, however many', async () => {
    const file = path.join(on.dataDir, 'let-go')
    const items = Array.from({ length: 66 }, (_, index) => index)
    const forEach = { kind: 'literal' as const, value: items }
    const stubborn = heldStep('stubborn', { file, is_stubborn: true }, { forEach, maxParallel: items.length })
    const slow = await on.runPlan(planOf([stubborn]))
    const quick = await on.runPlan(planOf([planStep('only', { config: sleepFor('10m') })]))
    const ofSlow = async () => {
      const { job_run_id } = (await on.pipelines.show(slow)).steps[0] ?? {}
      const { job_id } = await on.api.getJobRun(job_run_id ?? '')
      return (await on.api.listJobRuns({ job_id, limit: 100 })).items
    }
    await until('all are at work', async () => {
      const runs = await ofSlow()
      return runs.length === items.length && runs.every((run) => run.status === 'running')
    })
    await on.pipelines.cancel(slow)
    await until('each was told', async () => (await ofSlow()).every((run) => run.cancel_requested_at))
    await on.pipelines.cancel(quick)
    expect(await finished(quick)).toMatchObject({ status: 'cancelled' })
    expect((await ofSlow()).every((run) => run.status === 'running')).toBe(true)
    await writeFile(file, '')
    await finished(slow)
  })

  it('reports a run that completed first as completed', async () => {
    // Nobody tells the pipeline that the run completes, as the old watcher is gone with its worker.
    await on.kill('worker')
    const restore = await silenceWatcher(on)
    await on.start('worker')
    const runs = await recordRuns()
    const file = path.join(on.dataDir, 'complete')
    const id = await on.runPlan(
      planOf([heldStep('quick', { file }), planStep('after', { needs: ['quick'], config: sleepFor('1ms') })]),
    )
    const [run] = await running(runs, 1)
    await until('the step waits', async () => {
      const { raw } = await on.client.workflow.getHandle(id).describe()
      const { steps } = await on.pipelines.show(id)
      return (
        !raw.pendingActivities?.length && steps.some((step) => step.job_run_id && step.status === 'running')
      )
    })
    await writeFile(file, '')
    expect((await on.api.getJobRun(run!.uuid, { waitSeconds: 30 })).status).toBe('completed')
    await on.pipelines.cancel(id)
    const view = await finished(id)
    expect(view.status).toBe('cancelled')
    expect(view.steps.map((step) => step.status)).toEqual(['completed', 'skipped'])
    expect(await runs()).toHaveLength(1)
    await restore()
  })
})
