import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import type { PipelinePlan } from '../../src/pipeline/plan/index.ts'
import {
  type FaultProxy,
  type HeldExchange,
  type Operation,
  startFaultProxy,
} from '../../src/testing/index.ts'
import { allJobRuns } from '../helpers/all-job-runs.ts'
import { untilOver } from '../helpers/over.ts'
import { planOf, planStep } from '../helpers/plans.ts'
import type { TestStack } from '../helpers/stack.ts'
import { type StackBehind, startStackBehind } from '../helpers/stack-behind.ts'

/** kill -9 of the worker within local triggers: what they did is in no history, and the next worker does it again. */

let behind: StackBehind<FaultProxy>
let stack: TestStack
let proxy: FaultProxy
beforeAll(async () => {
  behind = await startStackBehind((target) => startFaultProxy({ target }))
  ;({ stack, proxy } = behind)
})
afterAll(() => behind?.stop())

const config = { kind: 'literal', value: { duration: '3s' } } as const
const one = planOf([planStep('one', { config })])
/** Both are triggered in the same workflow task. */
const two = planOf([planStep('one', { config }), planStep('two', { config })])
const listOf = (count: number, maxParallel: number, duration: string) =>
  planOf([
    planStep('each', {
      forEach: { kind: 'literal', value: [...Array(count).keys()] },
      maxParallel,
      config: { kind: 'literal', value: { duration } },
    }),
  ])

/** Triggers that the history of a pipeline run knows of, whatever came of them. */
async function knownTriggers(id: string): Promise<number> {
  const { events } = await stack.client.workflow.getHandle(id).fetchHistory()
  return (events ?? []).filter(
    ({ markerRecordedEventAttributes: marker, activityTaskScheduledEventAttributes: activity }) =>
      marker
        ? Buffer.from(marker.details?.['data']?.payloads?.[0]?.data ?? []).includes('"triggerQuickly"')
        : activity?.activityType?.name === 'triggerJobRun',
  ).length
}

/**
 * Starts a pipeline run, kills the worker when `reach` says so, and starts another one.
 * @returns how many triggers were in the history at the kill
 */
async function killWithin(
  plan: PipelinePlan,
  count: number,
  reach: () => Promise<HeldExchange>,
): Promise<number> {
  const earlier = new Set((await allJobRuns(stack.api)).map(({ uuid }) => uuid))
  const reached = reach()
  const id = await stack.runPlan(plan)
  await reached
  const known = await knownTriggers(id)
  await stack.start('worker')
  const view = await untilOver(stack.pipelines, id)
  expect(view.status).toBe('completed')
  expect(view.steps.map(({ status, generation }) => [status, generation])).toEqual(
    Array.from({ length: count }, () => ['completed', 1]),
  )
  // By the server's own record: one run for each, and no other.
  const runs = (await allJobRuns(stack.api)).filter(({ uuid }) => !earlier.has(uuid))
  expect(runs.map(({ uuid }) => uuid).sort()).toEqual(view.steps.map((step) => step.job_run_id).sort())
  expect(runs.map(({ status }) => status)).toEqual(Array.from({ length: count }, () => 'completed'))
  return known
}

/** A worker that knows nothing of a kind looks at its runs, and says who waits afterwards. */
async function forgetKinds(): Promise<void> {
  await stack.shutDown('worker')
  await stack.start('worker')
}

/** A local trigger has little time: on a machine that is slow another try hits it. What is promised holds for each. */
async function untilHit(kill: () => Promise<number>, isHit: (known: number) => boolean): Promise<void> {
  for (let tries = 0; tries < 5; tries += 1) if (isHit(await kill())) return
  throw new Error('no kill came within a local trigger')
}

describe('A worker that is killed within a local trigger leaves one job run, which the next one finds', () => {
  it.each([
    ['when the server has begun it', 'createJobRun', 'after_commit'],
    ['before it says who waits', 'setClientRef', 'before_send'],
  ] as const)(
    '%s',
    async (_, operation, at) => {
      const kill = async () => {
        await forgetKinds()
        return killWithin(one, 1, () => proxy.onPoint({ operation, at }, () => stack.kill('worker')).reached)
      }
      await untilHit(kill, (known) => known === 0)
    },
    120_000,
  )

  it('when it knew that from the beginning, and the next worker looks first', async () => {
    const over = (id: string) => stack.client.workflow.getHandle(id).result()
    let seen = 0
    const kill = async () => {
      // The worker learns that such runs are long.
      await over(await stack.runPlan(one))
      seen = proxy.log.length
      return killWithin(one, 1, () => {
        const isUnseen = ({ query }: HeldExchange) => !query.has('wait')
        const at = { operation: 'createJobRun', at: 'after_commit', where: isUnseen } as const
        return proxy.onPoint(at, () => stack.kill('worker')).reached
      })
    }
    await untilHit(kill, (known) => known === 0)
    // The key stands for the run as it was made: it is asked for with other words first, and found with its own.
    const asked = proxy.log
      .slice(seen)
      .filter(({ operation }) => /^(createJobRun|setClientRef)$/.test(operation))
    const answers = asked.map(({ operation, serverStatus }) => `${operation} ${serverStatus}`)
    expect(answers).toContain('createJobRun 422')
    expect(answers.at(-1)).toBe('createJobRun 201')
  }, 180_000)

  it('when it knows that, and its workflow task is not over', async () => {
    const kill = async () => {
      await forgetKinds()
      return killWithin(two, 2, () => {
        const killed = Promise.withResolvers<void>()
        const isTwo = ({ body }: HeldExchange) => body.includes('two/-/1')
        proxy.onPoint({ operation: 'createJobRun', at: 'after_commit', where: isTwo }, () => killed.promise)
        const isOne = ({ body }: HeldExchange) => body.includes('one/-/1')
        return proxy.onPoint({ operation: 'setClientRef', at: 'after_answer', where: isOne }, async () => {
          await stack.kill('worker')
          killed.resolve()
        }).reached
      })
    }
    await untilHit(kill, (known) => known === 0)
  }, 120_000)
})

it.each<[string, Operation, number, PipelinePlan, (known: number) => boolean]>([
  ['that are triggered together', 'createJobRun', 12, listOf(70, 70, '1ms'), (known) => known < 12],
  ['some of which are known', 'createJobRun', 40, listOf(70, 4, '1ms'), (known) => known > 0 && known < 40],
])(
  'and one for each of seventy items %s',
  async (_, operation, nth, plan, isHit) => {
    const kill = async () => {
      await forgetKinds()
      const at = { operation, at: 'after_commit', nth } as const
      return killWithin(plan, 70, () => proxy.onPoint(at, () => stack.kill('worker')).reached)
    }
    await untilHit(kill, isHit)
  },
  180_000,
)
