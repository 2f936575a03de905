import { afterAll, beforeAll, expect, it } from 'vitest'
import { findFreePort } from '../../src/dev-stack/temporal-cli/dev-server.ts'
import { type FaultProxy, type HeldExchange, startFaultProxy } from '../../src/testing/index.ts'
import { planOf, planStep } from '../helpers/plans.ts'
import { startTestStack, type TestStack } from '../helpers/stack.ts'

/** Pipeline runs that were terminated, where no sweep looks after them. */

let stack: TestStack
let proxy: FaultProxy
beforeAll(async () => {
  const port = await findFreePort()
  proxy = await startFaultProxy({ target: `http://127.0.0.1:${port}/api/v1` })
  stack = await startTestStack({
    env: {
      JOBWRIGHT_PORT: String(port),
      JOBWRIGHT_URL: `http://127.0.0.1:${port}`,
      JOBS_API_URL: proxy.url,
      JOBWRIGHT_SWEEP: 'off',
    },
  })
})
afterAll(async () => {
  await stack?.stop()
  await proxy?.stop()
})

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
  for (let tries = 0; !id && tries < 5; tries += 1) id = await terminateWithin()
  const seen = proxy.log.length
  await stack.start('worker')
  const { steps } = await stack.pipelines.show(id ?? '')
  expect(steps.map(({ status }) => status)).toEqual(['completed', 'pending'])
  // A run that takes its turn after the question: nothing of it is under way any more.
  const another = await stack.runPlan(planOf([planStep('other', { config: sleepFor('1ms') })]))
  await stack.client.workflow.getHandle(another).result()
  const triggers = proxy.log.slice(seen).filter(({ operation }) => operation === 'createJobRun')
  expect(triggers).toHaveLength(1)
}, 120_000)
