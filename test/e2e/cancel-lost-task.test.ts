import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import type { PipelinePlan } from '../../src/pipeline/plan/index.ts'
import { type FaultProxy, type HeldExchange, startFaultProxy } from '../../src/testing/index.ts'
import { allJobRuns } from '../helpers/all-job-runs.ts'
import { untilOver } from '../helpers/over.ts'
import { planOf, planStep } from '../helpers/plans.ts'
import type { TestStack } from '../helpers/stack.ts'
import { type StackBehind, startStackBehind } from '../helpers/stack-behind.ts'
import { until } from '../helpers/until.ts'

/**
 * A worker that dies in a workflow task leaves job runs that it triggered in it, of which the history has nothing. Where a cancel comes
 * before another worker does that task again, they are cancelled all the same.
 */

let behind: StackBehind<FaultProxy>
let on: TestStack
let proxy: FaultProxy
beforeAll(async () => {
  behind = await startStackBehind((target) => startFaultProxy({ target }), { database: 'postgres' })
  ;({ stack: on, proxy } = behind)
})
afterAll(() => behind?.stop())

let earlier: Set<string>
beforeEach(async () => {
  earlier = new Set((await allJobRuns(on.api)).map(({ uuid }) => uuid))
})
/** What the server has of this test, the newest last. */
const runStatuses = async () =>
  (await allJobRuns(on.api))
    .filter(({ uuid }) => !earlier.has(uuid))
    .map(({ status }) => status)
    .reverse()

const sleepFor = (duration: string) => ({ kind: 'literal' as const, value: { duration } })

/** When the server has taken the triggers of two job runs: one of them may be sent again. */
function onSecondRun(during: () => Promise<void>) {
  const begun = new Set<string>()
  const where = ({ answer }: HeldExchange) =>
    answer?.status === 201 && begun.add(JSON.parse(answer.body).uuid).size === 2
  return proxy.onPoint({ at: 'after_commit', operation: 'createJobRun', where }, during)
}

/** The worker dies once the server has taken two triggers, and the cancel is there before the next worker. */
async function cancelAfterKill(plan: PipelinePlan) {
  let id = ''
  const { reached } = onSecondRun(async () => {
    await on.kill('worker')
    await on.pipelines.cancel(id)
  })
  id = await on.runPlan(plan)
  await reached
  await on.start('worker')
  return untilOver(on.pipelines, id)
}

const lists = (onFailure: 'fail' | 'continue') =>
  planOf([
    planStep('long', {
      forEach: { kind: 'literal', value: [1, 2, 3, 4] },
      maxParallel: 2,
      onFailure,
      config: sleepFor('10m'),
    }),
    planStep('after', { needs: ['long'], config: sleepFor('1ms') }),
  ])

describe('a cancel beside a lost workflow task', () => {
  it('reaches the items that the lost task had triggered, and no others begin', async () => {
    const view = await cancelAfterKill(lists('fail'))
    expect(view.status).toBe('cancelled')
    expect(view.steps.map((step) => step.status)).toEqual([
      'cancelled',
      'cancelled',
      'skipped',
      'skipped',
      'skipped',
    ])
    expect(await runStatuses()).toEqual(['cancelled', 'cancelled'])
  })

  it('does so where a failed item does not keep the others from beginning', async () => {
    const view = await cancelAfterKill(lists('continue'))
    expect(view.status).toBe('cancelled')
    expect(await runStatuses()).toEqual(['cancelled', 'cancelled'])
  })

  it('reaches a step that began after another one had run in the lost task', async () => {
    const view = await cancelAfterKill(
      planOf([
        planStep('short', { config: sleepFor('1ms') }),
        planStep('long', { needs: ['short'], config: sleepFor('10m') }),
        planStep('after', { needs: ['long'], config: sleepFor('1ms') }),
      ]),
    )
    expect(await runStatuses()).toEqual(['completed', 'cancelled'])
    const [short, long, after] = view.steps.map((step) => step.status)
    expect([short, after]).toEqual(['completed', 'skipped'])
    // Where the end of the first one is heard of only once all is cancelled, its turn does not come again.
    if (long !== 'cancelled')
      expect([long, view.warnings]).toEqual([
        'skipped',
        [expect.stringMatching(/^step long: .* had begun on/)],
      ])
  })

  it('reaches a step whose turn has not come again', async () => {
    const { reached } = onSecondRun(() => on.kill('worker', 'server'))
    const id = await on.runPlan(
      planOf([
        planStep('short', { config: sleepFor('1ms') }),
        planStep('long', { needs: ['short'], config: sleepFor('10m') }),
        planStep('after', { needs: ['long'], config: sleepFor('1ms') }),
      ]),
    )
    await reached
    await on.start('worker')
    await until('the first step is begun again', async () => {
      const { raw } = await on.client.workflow.getHandle(id).describe()
      return (raw.pendingActivities ?? []).length > 0
    })
    await on.pipelines.cancel(id)
    await on.start('server')
    expect((await untilOver(on.pipelines, id)).status).toBe('cancelled')
    expect((await runStatuses()).at(-1)).toBe('cancelled')
  })

  it('asks the server nothing where none was lost', async () => {
    // One that is killed may be given the next task for a moment, and then that is lost.
    await on.shutDown('worker')
    const seen = proxy.log.length
    const id = await on.runPlan(lists('fail'))
    await on.pipelines.cancel(id)
    await on.start('worker')
    const view = await untilOver(on.pipelines, id)
    expect(new Set(view.steps.map((step) => step.status))).toEqual(new Set(['skipped']))
    const asked = proxy.log.slice(seen).map(({ operation }) => operation)
    expect(asked.filter((operation) => operation === 'createJobRun')).toEqual([])
    expect(await runStatuses()).toEqual([])
  })
})
