import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { watcherWorkflowId } from '../../src/temporal/index.ts'
import { planOf, planStep } from '../helpers/plans.ts'
import { startTestStack, type TestStack } from '../helpers/stack.ts'
import { until } from '../helpers/until.ts'

/** How a step waits: nothing is held, the feed ends the wait, and the lease covers what the feed misses. */

const sleepFor = (duration: string) => ({ kind: 'literal' as const, value: { duration } })

async function eventTypes(stack: TestStack, id: string): Promise<string[]> {
  const history = await stack.client.workflow.getHandle(id).fetchHistory()
  return (history.events ?? []).map(
    (event) => Object.keys(event).find((key) => key.endsWith('EventAttributes')) ?? '',
  )
}

async function finished(stack: TestStack, id: string) {
  return until('the pipeline run is over', async () => {
    const view = await stack.pipelines.show(id)
    return view.finished_at !== null && view
  })
}

describe('a step', () => {
  let stack: TestStack
  beforeAll(async () => {
    stack = await startTestStack({ waitLeaseMs: 3_000 })
  })
  afterAll(() => stack?.stop())

  it('costs six events and one workflow task when its run ends at once', async () => {
    const chain = Array.from({ length: 10 }, (_, index) =>
      planStep(`s${index}`, { needs: index === 0 ? [] : [`s${index - 1}`], config: sleepFor('1ms') }),
    )
    const id = await stack.runPlan(planOf(chain))
    expect((await finished(stack, id)).status).toBe('completed')
    const events = await eventTypes(stack, id)
    expect(events).toHaveLength(5 + 6 * 10)
    expect(events.filter((type) => type === 'workflowTaskCompletedEventAttributes')).toHaveLength(1 + 10)
  })

  it('waits in a second activity, completed by the watcher, when its run takes longer', async () => {
    const id = await stack.runPlan(planOf([planStep('long', { config: sleepFor('2s') })]))
    expect((await finished(stack, id)).status).toBe('completed')
    expect(await eventTypes(stack, id)).toHaveLength(5 + 12)
  })

  it('is ended by the lease when nobody watches the feed', async () => {
    const id = await stack.runPlan(planOf([planStep('unwatched', { config: sleepFor('5s') })]))
    await until('it waits', async () => {
      const { raw } = await stack.client.workflow.getHandle(id).describe()
      return raw.pendingActivities?.some((activity) => activity.activityId?.endsWith('/wait'))
    })
    await stack.client.workflow.getHandle(watcherWorkflowId('default')).terminate('test')
    expect((await finished(stack, id)).status).toBe('completed')
  })
})

describe('a history that grows long', () => {
  it('goes on as a new execution with runs open, and triggers none of them again', async () => {
    const stack = await startTestStack({ maxHistoryEvents: 40 })
    try {
      const count = 12
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
      const id = await stack.runPlan(plan)
      const firstRunId = (await stack.client.workflow.getHandle(id).describe()).runId
      const view = await finished(stack, id)
      expect(view.status).toBe('completed')
      expect(view.outputs).toHaveProperty('slept')
      expect((await stack.client.workflow.getHandle(id).describe()).runId).not.toBe(firstRunId)
      const runs = (await stack.api.listJobRuns({})).items
      expect(runs).toHaveLength(1 + count)
      expect(new Set(runs.map((run) => run.uuid))).toEqual(new Set(view.steps.map((step) => step.job_run_id)))
    } finally {
      await stack.stop()
    }
  })
})
