import { afterAll, beforeAll, expect, it } from 'vitest'
import { type FaultProxy, type HeldExchange, startFaultProxy } from '../../src/testing/index.ts'
import { untilOver } from '../helpers/over.ts'
import { planOf, planStep } from '../helpers/plans.ts'
import type { TestStack } from '../helpers/stack.ts'
import { type StackBehind, startStackBehind } from '../helpers/stack-behind.ts'

/** Pipeline runs that were terminated, where no sweep looks after them. */

let behind: StackBehind<FaultProxy>
let stack: TestStack
let proxy: FaultProxy
beforeAll(async () => {
  behind = await startStackBehind((target) => startFaultProxy({ target }), {
    database: 'postgres',
    env: { JOBWRIGHT_SWEEP: 'off' },
  })
  ;({ stack, proxy } = behind)
})
afterAll(() => behind?.stop())

const sleepFor = (duration: string) => ({ kind: 'literal' as const, value: { duration } })
const plan = planOf([
  planStep('first', { config: sleepFor('500ms') }),
  planStep('second', { needs: ['first'], config: sleepFor('10m') }),
])

/** Killed while a local activity triggers its second step, then terminated. Undefined where the trigger was another one: it was late. */
async function terminateWithin(): Promise<string | undefined> {
  const isSecond = ({ body }: HeldExchange) => body.includes('second/-/1')
  const at = { operation: 'createJobRun', at: 'after_commit', where: isSecond } as const
  const { reached } = proxy.onPoint(at, () => stack.kill('worker'))
  const id = await stack.runPlan(plan)
  await reached
  const handle = stack.client.workflow.getHandle(id)
  await handle.terminate('by hand')
  const { events } = await handle.fetchHistory()
  const isRegular = events?.some((event) => event.activityTaskScheduledEventAttributes)
  if (!isRegular) return id
  await stack.start('worker')
  return undefined
}

it('a run that is asked how it stood triggers nothing', async () => {
  let id: string | undefined
  for (const untilMs = Date.now() + 120_000; !id && Date.now() < untilMs; ) id = await terminateWithin()
  const seen = proxy.serverLog.length
  await stack.start('worker')
  const { steps } = await stack.pipelines.show(id ?? '')
  expect(steps.map(({ status }) => status)).toEqual(['completed', 'pending'])
  // A run that takes its turn after the question: nothing of it is under way any more.
  const another = await stack.runPlan(planOf([planStep('other', { config: sleepFor('1ms') })]))
  const { steps: others } = await untilOver(stack.pipelines, another)
  // A trigger whose answer is late is sent once more, and makes no second run.
  const made = new Set(
    proxy.serverLog.slice(seen).flatMap((entry) => {
      const isTrigger = entry.event === 'request' && entry.method === 'POST' && entry.path === '/job-runs'
      return isTrigger ? [entry.made?.job_run_id] : []
    }),
  )
  expect([...made]).toEqual(others.map(({ job_run_id }) => job_run_id))
}, 240_000)
