import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest'
import { checkWorkerToken } from '../../src/cli/doctor/api.ts'
import { loadConfig } from '../../src/config.ts'
import { scriptedContext } from '../cli/helpers.ts'
import { isRunning } from '../cli/processes.ts'
import { startTestStack, type TestStack } from '../helpers/stack.ts'
import { until } from '../helpers/until.ts'

const unknown = 'a-token-that-no-server-knows'

let on: TestStack
let good: string
beforeAll(async () => {
  on = await startTestStack({ database: 'postgres', parts: ['temporal'] })
  good = on.env['JOBWRIGHT_WORKER_TOKEN'] ?? ''
})
afterAll(() => on?.stop())
beforeEach(() => {
  on.env['JOBWRIGHT_WORKER_TOKEN'] = good
})

test('a worker that its server does not know ends, also where the server comes later', async () => {
  on.env['JOBWRIGHT_WORKER_TOKEN'] = unknown
  await on.start('worker')
  on.env['JOBWRIGHT_WORKER_TOKEN'] = good
  await on.start('server')
  await until('it has ended', () => !isRunning(on.pid('worker')))
  expect(on.stderr('worker')).toMatch(/JOBWRIGHT_WORKER_TOKEN, is unknown to it\n +→ give the server/)
  expect(on.stderr('worker')).not.toContain(unknown)

  for (const [token, why] of [
    [unknown, 'is unknown to it'],
    [on.token, 'is one of a user (dev@localhost)'],
  ] as const) {
    on.env['JOBWRIGHT_WORKER_TOKEN'] = token
    await expect(on.start('worker')).rejects.toThrow('ended with 2 before it said ready')
    expect(on.stderr('worker')).toContain(why)
  }
  on.env['JOBWRIGHT_WORKER_TOKEN'] = good
  await on.start('worker')
})

test('the doctor says so, where it has a token to ask with', async () => {
  const checks = (env: Record<string, string>) =>
    checkWorkerToken({ ...scriptedContext(), config: loadConfig({ ...on.env, ...env }) })
  expect(await checks({})).toMatchObject([{ name: 'worker_token', status: 'ok' }])
  expect(await checks({ JOBWRIGHT_WORKER_TOKEN: unknown })).toMatchObject([
    { status: 'problem', detail: expect.stringContaining('unknown'), fix: expect.any(String) },
  ])
  expect(await checks({ JOBWRIGHT_WORKER_TOKEN: '' })).toEqual([])
})
