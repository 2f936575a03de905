import { afterEach, describe, expect, it } from 'vitest'
import type { PipelineRunView } from '../../src/pipeline/plan/index.ts'
import { planOf, planStep } from '../helpers/plans.ts'
import { startTestStack, type TestStack } from '../helpers/stack.ts'
import { until } from '../helpers/until.ts'

/** A cancel reaches every remote run, is confirmed by its terminal state, and nothing is triggered after it. */

let stack: TestStack | undefined
afterEach(async () => {
  await stack?.stop()
  stack = undefined
})

const sleepFor = (duration: string) => ({ kind: 'literal' as const, value: { duration } })
const plan = planOf([
  planStep('long', {
    forEach: { kind: 'literal', value: [1, 2, 3] },
    maxParallel: 2,
    config: sleepFor('10m'),
  }),
  planStep('after', { needs: ['long'], config: sleepFor('1ms') }),
])

async function runsOf(on: TestStack) {
  return (await on.api.listJobRuns({})).items
}

async function finished(on: TestStack, id: string): Promise<PipelineRunView> {
  return until('the pipeline run is over', async () => {
    const view = await on.pipelines.show(id)
    return view.finished_at !== null && view
  })
}

function itemsRunning(on: TestStack, count: number) {
  return until(
    `${count} runs execute`,
    async () => (await runsOf(on)).filter((run) => run.status === 'running').length === count,
  )
}

/** Two items had begun: their runs are cancelled; the third and the next step have none. */
async function expectCancelled(on: TestStack, view: PipelineRunView): Promise<void> {
  expect(view.status).toBe('cancelled')
  expect(view.steps.map((step) => step.status)).toEqual(['cancelled', 'cancelled', 'skipped', 'skipped'])
  expect((await runsOf(on)).map((run) => run.status)).toEqual(['cancelled', 'cancelled'])
}

describe('a cancelled pipeline run', () => {
  it('ends its remote runs and starts nothing more', async () => {
    stack = await startTestStack()
    const id = await stack.runPlan(plan)
    await itemsRunning(stack, 2)
    await stack.pipelines.cancel(id)
    await expectCancelled(stack, await finished(stack, id))
  })

  it('does so when the worker is killed right after it was asked', async () => {
    stack = await startTestStack()
    const id = await stack.runPlan(plan)
    await itemsRunning(stack, 2)
    await stack.pipelines.cancel(id)
    await stack.kill('worker')
    await stack.start('worker')
    await expectCancelled(stack, await finished(stack, id))
  })

  it('stays open as cancelling while the API server is down, and closes when it is back', async () => {
    stack = await startTestStack()
    const on = stack
    const id = await on.runPlan(plan)
    await itemsRunning(on, 2)
    await on.kill('server')
    await on.pipelines.cancel(id)
    const view = await until('it is cancelling', async () => {
      const seen = await on.pipelines.show(id)
      return (
        seen.status === 'cancelling' &&
        seen.steps.filter((step) => step.status === 'cancelling').length === 2 &&
        seen
      )
    })
    expect(view.finished_at).toBeNull()
    await on.start('server')
    await expectCancelled(on, await finished(on, id))
  })

  it('never starts a run whose trigger was still on its way', async () => {
    stack = await startTestStack()
    const on = stack
    await on.kill('server')
    const id = await on.runPlan(planOf([planStep('only', { config: sleepFor('10m') })]))
    await until('the trigger is tried', async () => {
      const { raw } = await on.client.workflow.getHandle(id).describe()
      return (raw.pendingActivities?.[0]?.attempt ?? 0) > 1
    })
    await on.pipelines.cancel(id)
    await on.start('server')
    const view = await finished(on, id)
    expect(view.status).toBe('cancelled')
    expect(await runsOf(on)).toEqual([])
  })

  it('reports a run that completed first as completed', async () => {
    stack = await startTestStack()
    const on = stack
    const id = await on.runPlan(
      planOf([
        planStep('quick', { config: sleepFor('3s') }),
        planStep('after', { needs: ['quick'], config: sleepFor('1ms') }),
      ]),
    )
    await itemsRunning(on, 1)
    // The pipeline cannot hear that the run completes, because its worker is away.
    const run = (await runsOf(on))[0]!
    await on.pipelines.show(id)
    await on.api.getJobRun(run.uuid, { waitSeconds: 30 })
    await on.pipelines.cancel(id)
    const view = await finished(on, id)
    const quick = view.steps.find((step) => step.step === 'quick')
    expect(quick?.status).toBe('completed')
    // Whichever came first, the step after it either ran to its end or never began.
    const after = view.steps.find((step) => step.step === 'after')
    expect(['skipped', 'completed', 'cancelled']).toContain(after?.status)
    expect(
      (await runsOf(on)).every((each) => each.status === 'completed' || each.status === 'cancelled'),
    ).toBe(true)
  })
})
