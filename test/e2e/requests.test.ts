import { afterAll, beforeAll, expect, it } from 'vitest'
import { findFreePort } from '../../src/dev-stack/temporal-cli/dev-server.ts'
import { type CountingProxy, startCountingProxy } from '../helpers/counting-proxy.ts'
import { planOf, planStep } from '../helpers/plans.ts'
import { startTestStack, type TestStack } from '../helpers/stack.ts'
import { until } from '../helpers/until.ts'

/** What a step asks of its Jobs API, counted between the worker and the server. */

let on: TestStack
let proxy: CountingProxy
beforeAll(async () => {
  const port = await findFreePort()
  proxy = await startCountingProxy(`http://127.0.0.1:${port}/api/v1`)
  on = await startTestStack({
    env: {
      JOBWRIGHT_PORT: String(port),
      JOBWRIGHT_URL: `http://127.0.0.1:${port}`,
      JOBS_API_URL: proxy.url,
    },
  })
})
afterAll(async () => {
  await on?.stop()
  await proxy?.stop()
})

/** Requests of the step itself: what all steps of a connection share is left out. */
async function requestsOf(duration: string): Promise<string[]> {
  const shared = /^GET \/(capabilities|whoami|job-runs\/changes)/
  proxy.requests.length = 0
  const id = await on.runPlan(planOf([planStep('s', { config: { kind: 'literal', value: { duration } } })]))
  const view = await until('the pipeline run is over', async () => {
    const seen = await on.pipelines.show(id)
    return seen.finished_at !== null && seen
  })
  expect(view.status).toBe('completed')
  return proxy.requests
    .filter((each) => !shared.test(each))
    .map((each) => each.replace(/[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}/, 'ID'))
}

/** Of a kind of which the worker knows nothing, or that it is short. */
const look = /^GET \/job-runs\/ID\?wait=0\.\d+$/

it('a run that is over at the first look costs three requests', async () => {
  expect(await requestsOf('1ms')).toEqual(['POST /jobs', 'POST /job-runs', expect.stringMatching(look)])
})

it('a run that is not costs four, of which two start something', async () => {
  expect(await requestsOf('2500ms')).toEqual([
    'POST /jobs',
    'POST /job-runs',
    expect.stringMatching(look),
    'PUT /job-runs/ID/client-ref',
  ])
})
