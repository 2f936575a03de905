import { fileURLToPath } from 'node:url'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { startProcess, type TestProcess } from '../helpers/processes.ts'
import { startTestStack, type TestStack } from '../helpers/stack.ts'

/** `runJob` in workflows of users, on workers of theirs, which are real processes; the job runs on our own server. */

let stack: TestStack
let worker: TestProcess
const startWorker = async () => {
  worker = startProcess(
    process.execPath,
    [fileURLToPath(new URL('./user-worker.ts', import.meta.url))],
    stack.env,
  )
  await worker.event('ready')
}
beforeAll(async () => {
  stack = await startTestStack()
  await startWorker()
})
afterAll(async () => {
  await worker?.stop()
  await stack?.stop()
})

let count = 0
const start = (type: string, ...args: unknown[]) =>
  stack.client.workflow.start(type, { taskQueue: 'own', workflowId: `${type}-${count++}`, args })

describe('runJob', () => {
  it('runs a job, waits for its end and reads its outputs', async () => {
    const short = await start('one', '1ms')
    expect(await short.result()).toMatchObject({ status: 'completed', outputs: { slept: { ms: 1 } } })
    const long = await start('one', '2500ms')
    expect(await long.result()).toMatchObject({ status: 'completed', outputs: { slept: { ms: 2500 } } })
  })
})
