import { afterAll, beforeAll, expect, it } from 'vitest'
import { type InstantServer, startInstantServer } from '../../bench/instant-server.ts'
import type { PipelineRunView } from '../../src/pipeline/index.ts'
import { packing } from '../../src/temporal/index.ts'
import { historiesOf, workflowTasksOf } from '../helpers/chain.ts'
import { edgesOf, type GraphStep, montage } from '../helpers/graphs.ts'
import { planOf, planStep } from '../helpers/plans.ts'
import { startTestStack, type TestStack } from '../helpers/stack.ts'

/** Big graphs on a real Temporal, and a Jobs API whose runs are over at once. */

let instant: InstantServer
let on: TestStack
beforeAll(async () => {
  instant = await startInstantServer()
  on = await startTestStack({
    parts: ['temporal'],
    env: {
      JOBS_API_URL: instant.url,
      JOBS_API_TOKEN: instant.token,
      JOBWRIGHT_URL: '',
      JOBWRIGHT_WORKER_TOKEN: '',
      // A workflow task that a busy worker is late for has timed out there.
      JOBWRIGHT_STICKY_QUEUE_MS: '60000',
    },
  })
  await on.start('worker')
})
afterAll(async () => {
  await on?.stop()
  await instant?.stop()
})

function planFrom(steps: readonly GraphStep[]) {
  return planOf(
    steps.map(({ id, needs: [first, ...others] }) =>
      planStep(id, {
        needs: first === undefined ? [] : [first, ...others],
        config: {
          kind: 'object',
          entries: [
            { key: 'duration', value: { kind: 'literal', value: '1ms' } },
            ...(first === undefined
              ? []
              : [{ key: 'after', value: { kind: 'expression' as const, source: `steps.${first}.status` } }]),
          ],
        },
      }),
    ),
  )
}

it('a thousand steps, one of which needs six hundred: each once, after what it needs, and no workflow task fails', async () => {
  const steps = montage(198)
  expect(steps.length).toBeGreaterThan(950)
  expect(edgesOf(steps)).toBeGreaterThan(2_000)
  const id = await on.runPlan(planFrom(steps))
  const view = (await packing(on.client).workflow.getHandle(id).result()) as PipelineRunView
  expect(view.status).toBe('completed')
  expect(instant.made()).toBe(steps.length)
  expect(new Set(view.steps.map(({ job_run_id }) => job_run_id)).size).toBe(steps.length)
  const lines = new Map(view.steps.map((line) => [line.step, line]))
  const isAfter = ({ id: own, needs }: GraphStep) =>
    needs.every((need) => String(lines.get(need)?.finished_at) <= String(lines.get(own)?.started_at))
  expect(steps.filter((step) => !isAfter(step))).toEqual([])
  for (const history of await historiesOf(on.client, id))
    expect(workflowTasksOf(history)).toMatchObject({ failed: [], timedOut: 0 })
}, 120_000)
