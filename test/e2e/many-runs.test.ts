import { afterAll, beforeAll, expect, it } from 'vitest'
import { allJobRuns } from '../helpers/all-job-runs.ts'
import { planOf, planStep } from '../helpers/plans.ts'
import { startTestStack, type TestStack } from '../helpers/stack.ts'

let stack: TestStack
beforeAll(async () => {
  stack = await startTestStack({ database: 'postgres' })
})
afterAll(() => stack?.stop())

const count = 100

it('a hundred pipeline runs that are started at once all complete, each with one job run', async () => {
  const plan = planOf([planStep('only', { config: { kind: 'literal', value: { duration: '1ms' } } })])
  const ids = await Promise.all(Array.from({ length: count }, () => stack.runPlan(plan)))
  expect(new Set(ids).size).toBe(count)
  const results = await Promise.all(ids.map((id) => stack.client.workflow.getHandle(id).result()))
  expect(results.map((result) => (result as { status: string }).status)).toEqual(ids.map(() => 'completed'))
  const runs = await allJobRuns(stack.api)
  expect(runs.map(({ status }) => status)).toEqual(ids.map(() => 'completed'))
  // Each says whose it is.
  const owners = runs.map(({ client_ref }) => ids.find((id) => client_ref?.includes(`"${id}"`)))
  expect(owners.sort()).toEqual(ids.sort())
}, 300_000)
