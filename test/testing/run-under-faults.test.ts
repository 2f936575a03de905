import { afterAll, beforeAll, expect, test } from 'vitest'
import { JobsClient } from '../../src/client/index.ts'
import { findFreePort } from '../../src/dev-stack/temporal-cli/dev-server.ts'
import { type FaultProxy, runUnderFaults, startFaultProxy } from '../../src/testing/index.ts'
import { planOf, planStep } from '../helpers/plans.ts'
import { startTestStack, type TestStack } from '../helpers/stack.ts'

let on: TestStack
let proxy: FaultProxy
let api: JobsClient
beforeAll(async () => {
  const port = await findFreePort()
  const target = `http://127.0.0.1:${port}/api/v1`
  proxy = await startFaultProxy({ target })
  on = await startTestStack({
    database: 'postgres',
    env: {
      JOBWRIGHT_PORT: String(port),
      JOBWRIGHT_URL: `http://127.0.0.1:${port}`,
      JOBS_API_URL: proxy.url,
    },
  })
  api = new JobsClient({ baseUrl: target, token: on.token })
})
afterAll(async () => {
  await on?.stop()
  await proxy?.stop()
})

const config = { kind: 'literal', value: { duration: '20ms' } } as const
const plan = planOf([planStep('first', { config }), planStep('second', { needs: ['first'], config })])

test('a pipeline keeps its promises under what a seed lets go wrong, and with its worker killed', async () => {
  const verdict = await runUnderFaults({
    ...{ proxy, api, pipelines: on.pipelines, plan },
    // Its first trigger is lost on the way, and the answer to one after the kill.
    seed: 26,
    seeding: {
      kinds: ['drop_request', 'drop_answer', 'server_error', 'reset', 'truncated_json', 'duplicate'],
      ...{ rate: 0.4, calls: 20, doublesTriggers: true },
    },
    async during() {
      const hold = proxy.onPoint({ at: 'after_commit', operation: 'createJobRun' }, () => on.kill('worker'))
      await hold.reached
      expect(hold.isReached).toBe(true)
      await on.start('worker')
    },
  })
  expect(verdict.text).not.toContain('BROKEN')
  expect([verdict.isKept, verdict.view.status], verdict.text).toEqual([true, 'completed'])
  expect(verdict.faults.length, verdict.text).toBeGreaterThan(0)
  expect(verdict.text).toMatch(/^seed 26: \d+ faults \(.*of createJobRun/)
})

test('a cancel whose answers are lost ends what was triggered, and nothing is triggered after it', async () => {
  const long = { kind: 'literal', value: { duration: '10m' } } as const
  const verdict = await runUnderFaults({
    ...{ proxy, api, pipelines: on.pipelines },
    plan: planOf([planStep('first', { config: long }), planStep('second', { needs: ['first'], config })]),
    script: {
      rules: [
        { operation: 'cancelByKey', nth: 1, fault: { kind: 'drop_answer' } },
        {
          operation: 'cancelByKey',
          nth: 2,
          fault: { kind: 'server_error', status: 503, isDone: false },
        },
      ],
    },
    async during({ id }) {
      await proxy.onPoint({ at: 'after_answer', operation: 'createJobRun' }, () => {}).reached
      await on.pipelines.cancel(id)
      return [{ atMs: Date.now() }]
    },
  })
  expect([verdict.violations, verdict.view.status], verdict.text).toEqual([[], 'cancelled'])
  expect(verdict.faults.map(({ operation }) => operation)).toContain('cancelByKey')
})

test('a run that no step knows of breaks one', async () => {
  const other = new JobsClient({ baseUrl: proxy.url, token: on.token })
  const verdict = await runUnderFaults({
    ...{ proxy, api, pipelines: on.pipelines, plan },
    script: { rules: [] },
    async during() {
      const hold = proxy.onPoint({ at: 'after_answer', operation: 'createJobRun' }, async ({ answer }) => {
        const { job_id } = JSON.parse(answer?.body ?? '') as { job_id: string }
        await other.createJobRun({ job_id })
      })
      await hold.reached
    },
  })
  expect(verdict.view.status).toBe('completed')
  expect(verdict.violations.map(({ rule }) => rule)).toContain('unaccounted')
  expect(verdict.text).toContain('BROKEN unaccounted: 1 runs')
})
