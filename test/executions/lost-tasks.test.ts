import { randomUUID } from 'node:crypto'
import { homedir } from 'node:os'
import path from 'node:path'
import { Client, Connection } from '@temporalio/client'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { acquireTemporalBinary } from '../../src/dev-stack/temporal-cli/dev-server.ts'
import { isTaskLost } from '../../src/executions/index.ts'
import { type DevServer, startDevServer } from '../helpers/dev-server.ts'
import { until } from '../helpers/until.ts'

/** Workflow tasks that the test itself takes from a real Temporal, in the place of a worker. */

const namespace = 'default'
/** A poll has to say how long it waits. */
const patienceMs = 30_000
let temporal: DevServer
let client: Client
beforeAll(async () => {
  const cacheDir = process.env['XDG_CACHE_HOME'] ?? path.join(homedir(), '.cache')
  const { path: binary } = await acquireTemporalBinary({ cacheDir })
  temporal = await startDevServer({ binary })
  client = new Client({ connection: await Connection.connect({ address: temporal.address }) })
})
afterAll(async () => {
  await client?.connection.close()
  await temporal?.stop()
})

/** A workflow whose tasks nobody but the test takes. */
async function startAlone(taskTimeoutMs = 60_000) {
  const workflowId = `test-${randomUUID()}`
  const options = { taskQueue: workflowId, workflowId, workflowTaskTimeout: taskTimeoutMs }
  const handle = await client.workflow.start('any', options)
  const taskQueue = { name: workflowId }
  const poll = () => client.workflowService.pollWorkflowTaskQueue({ namespace, taskQueue })
  const take = async () => (await client.withDeadline(Date.now() + patienceMs, poll)).taskToken
  return {
    handle,
    take,
    async complete() {
      await client.workflowService.respondWorkflowTaskCompleted({ namespace, taskToken: await take() })
    },
    async fail() {
      await client.workflowService.respondWorkflowTaskFailed({ namespace, taskToken: await take(), cause: 1 })
    },
    async isLost() {
      await handle.terminate('by hand')
      const run = { workflowId, runId: handle.firstExecutionRunId }
      return isTaskLost(client, run)
    },
  }
}
type Alone = Awaited<ReturnType<typeof startAlone>>

async function timesOut({ handle, take }: Alone): Promise<void> {
  await take()
  await until('it is timed out', async () => {
    const { events } = await handle.fetchHistory()
    return events?.some((event) => event.workflowTaskTimedOutEventAttributes)
  })
}

describe('The workflow task of a run that was terminated', () => {
  it.each<[string, boolean, (run: Alone) => Promise<unknown>]>([
    ['that nobody took is not lost', false, async () => {}],
    ['that somebody has is lost', true, ({ take }) => take()],
    ['that failed is lost', true, ({ fail }) => fail()],
    ['that was completed is not lost', false, ({ complete }) => complete()],
    [
      'that nobody took after the last one was completed is not lost',
      false,
      async ({ complete, handle }) => {
        await complete()
        await handle.signal('more')
      },
    ],
    [
      'that somebody has after others were completed is lost',
      true,
      async ({ complete, handle, take }) => {
        await complete()
        await handle.signal('more')
        await take()
      },
    ],
    [
      'that somebody has is lost, whatever came meanwhile',
      true,
      async ({ handle, take }) => {
        await take()
        for (let n = 0; n < 50; n += 1) await handle.signal('more')
      },
    ],
    [
      'that failed is lost, whatever came since',
      true,
      async ({ fail, handle }) => {
        await fail()
        for (let n = 0; n < 50; n += 1) await handle.signal('more')
      },
    ],
    [
      'that was completed is not lost, whatever came since',
      false,
      async ({ complete, handle }) => {
        await complete()
        for (let n = 0; n < 50; n += 1) await handle.signal('more')
      },
    ],
    [
      'that was done by another one after it had failed is lost: that need not have done the same',
      true,
      async ({ complete, fail }) => {
        await fail()
        await complete()
      },
    ],
  ])('%s', async (_, expected, come) => {
    const run = await startAlone()
    await come(run)
    expect(await run.isLost()).toBe(expected)
  })

  it('is told apart from the one that asks', async () => {
    const [lost, done] = [await startAlone(), await startAlone()]
    await lost.fail()
    await done.complete()
    for (const { handle, take } of [lost, done]) {
      await handle.signal('more')
      await take()
    }
    const wasLost = async ({ handle }: Alone) => {
      const { events } = await handle.fetchHistory()
      const asks = events?.findLast((event) => event.workflowTaskStartedEventAttributes)
      const run = { workflowId: handle.workflowId, runId: handle.firstExecutionRunId }
      return isTaskLost(client, run, Number(asks?.eventId))
    }
    expect(await Promise.all([wasLost(lost), wasLost(done)])).toEqual([true, false])
  })

  it('whose worker was silent for too long is lost, whether another has it or not', async () => {
    const [first, second] = [await startAlone(1_000), await startAlone(1_000)]
    await Promise.all([timesOut(first), timesOut(second)])
    await second.take()
    expect(await Promise.all([first.isLost(), second.isLost()])).toEqual([true, true])
  })
})
