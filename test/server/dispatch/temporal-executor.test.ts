import { randomUUID } from 'node:crypto'
import { homedir } from 'node:os'
import path from 'node:path'
import { Client, Connection } from '@temporalio/client'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { acquireTemporalBinary } from '../../../src/dev-stack/temporal-cli/dev-server.ts'
import { createRunExecutor } from '../../../src/server/dispatch/temporal-executor.ts'
import { type DevServer, startDevServer } from '../../helpers/dev-server.ts'
import { until } from '../../helpers/until.ts'

let temporal: DevServer
let client: Client
beforeAll(async () => {
  const cacheDir = process.env.XDG_CACHE_HOME ?? path.join(homedir(), '.cache')
  const { path: binary } = await acquireTemporalBinary({ cacheDir })
  temporal = await startDevServer({ binary })
  client = new Client({ connection: await Connection.connect({ address: temporal.address }) })
})
afterAll(async () => {
  await client?.connection.close()
  await temporal?.stop()
})

describe('A job run that is handed to Temporal', () => {
  test('and that no worker takes in its queue time is over, with a code of its own', async () => {
    const executor = createRunExecutor(client, { heartbeatMs: 1000 })
    const jobRunId = randomUUID()
    const execution = { taskQueue: 'nobody', timeoutMs: 1, queueTimeoutMs: 500 }
    await executor.start({ jobRunId, jobType: 'sleep', execution })
    const closed = await until('it to be over', async () => {
      const state = await executor.describe(jobRunId)
      return state.state === 'closed' && state
    })
    expect(closed).toMatchObject({ status: 'failed', error: { code: 'queue_timeout' } })
  })

  test('waits in the queue of its installation, and says whose it is', async () => {
    const executor = createRunExecutor(client, {
      heartbeatMs: 1000,
      installation: 'staging',
      installationId: 'b7a1e0de-5d5c-4a11-9f2e-5b1f0f6c1f11',
    })
    const queues: (string | undefined)[] = []
    for (const taskQueue of [null, 'gpu']) {
      const jobRunId = randomUUID()
      const execution = { taskQueue, timeoutMs: null, queueTimeoutMs: null }
      await executor.start({ jobRunId, jobType: 'sleep', execution })
      const { taskQueue: queue } = await client.activity.getHandle(jobRunId).describe()
      queues.push(queue)
    }
    expect(queues).toEqual(['jobwright.staging-jobs', 'jobwright.staging.gpu'])
  })
})
