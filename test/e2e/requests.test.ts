import { afterAll, beforeAll, expect, it } from 'vitest'
import { type CountingProxy, startCountingProxy } from '../helpers/counting-proxy.ts'
import { untilOver } from '../helpers/over.ts'
import { planOf, planStep } from '../helpers/plans.ts'
import type { TestStack } from '../helpers/stack.ts'
import { type StackBehind, startStackBehind } from '../helpers/stack-behind.ts'
import { until } from '../helpers/until.ts'

/** What a step asks of its Jobs API, counted between the worker and the server. */

let behind: StackBehind<CountingProxy>
let on: TestStack
let proxy: CountingProxy
beforeAll(async () => {
  behind = await startStackBehind((target) => startCountingProxy(target), { database: 'postgres' })
  ;({ stack: on, proxy } = behind)
})
afterAll(() => behind?.stop())

/** Requests of the step itself: what all steps of a connection share is left out. */
async function requestsOf(duration: string): Promise<string[]> {
  const shared = /^GET \/(capabilities|whoami|job-runs\/changes)/
  proxy.requests.length = 0
  const id = await on.runPlan(planOf([planStep('s', { config: { kind: 'literal', value: { duration } } })]))
  const view = await untilOver(on.pipelines, id)
  expect(view.status).toBe('completed')
  return proxy.requests
    .filter((each) => !shared.test(each))
    .map((each) => each.replace(/[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}/, 'ID'))
}

/** Job and run together; with a first look at the end, of a kind of which the worker knows nothing or that it is short. */
const trigger = /^POST \/job-runs(\?wait=0\.\d+)?$/
const looking = /^POST \/job-runs\?wait=0\.\d+$/

/** Those of a step whose trigger was in time: on a busy machine it may be sent again, under the same key. */
async function requestsInTime(duration: string): Promise<string[]> {
  return until('a trigger is in time', async () => {
    const requests = await requestsOf(duration)
    return requests.filter((each) => trigger.test(each)).length === 1 && requests
  })
}

/** After a look who waits is still to be said; a run that nobody looks at says so from its beginning. */
function expectWaiting(requests: string[]): void {
  const [first] = requests
  expect(requests).toEqual(
    looking.test(first ?? '') ? [first, 'PUT /job-runs/ID/client-ref'] : ['POST /job-runs'],
  )
}

it('a run that is not over at the first look costs two requests, of which one starts something', async () => {
  expectWaiting(await requestsInTime('2500ms'))
})

it('a run of a kind that takes long costs one', async () => {
  const long = await until('nobody looks', async () => {
    const requests = await requestsInTime('2500ms')
    expectWaiting(requests)
    return requests.length === 1 && requests
  })
  expect(long).toEqual(['POST /job-runs'])
})

it('a run that is over at the first look costs one', async () => {
  // The kind is known for long runs now, and looked at only now and then; how soon an end is there, a busy machine says.
  const short = await until('a run is over at the first look', async () => {
    const requests = await requestsInTime('1ms')
    if (requests.length === 1 && looking.test(requests[0] ?? '')) return requests
    expectWaiting(requests)
    return false
  })
  expect(short).toEqual([expect.stringMatching(looking)])
})
