import { fileURLToPath } from 'node:url'
import { afterEach, describe, expect, it } from 'vitest'
import { type ForeignServer, startForeignServer } from '../foreign-server/index.ts'
import { planOf, planStep } from '../helpers/plans.ts'
import { startProcess, type TestProcess } from '../helpers/processes.ts'
import { startTestStack, type TestStack } from '../helpers/stack.ts'
import { until } from '../helpers/until.ts'

/** Waits on a server without a change feed are in the memory of a worker; what becomes of them when it ends. */

const open: (() => Promise<unknown>)[] = []
afterEach(async () => {
  for (const close of open.splice(0).reverse()) await close()
})

const leaseMs = 10 * 60_000
const work = (id: string, needs: string[] = []) =>
  planStep(id, {
    needs,
    target: { kind: 'job_type', jobType: 'work' },
    config: { kind: 'literal', value: { job_type: 'work' } },
  })

async function startOn(foreign: ForeignServer, env: Record<string, string> = {}): Promise<TestStack> {
  const stack = await startTestStack({
    parts: ['temporal', 'worker'],
    waitLeaseMs: leaseMs,
    env: {
      JOBS_API_URL: foreign.url,
      JOBS_API_TOKEN: foreign.token,
      JOBWRIGHT_URL: '',
      JOBWRIGHT_WORKER_TOKEN: '',
      ...env,
    },
  })
  open.push(() => stack.stop())
  return stack
}

async function startSecond({ env }: TestStack): Promise<TestProcess> {
  const root = fileURLToPath(new URL('../../src/worker.ts', import.meta.url))
  const second = startProcess(process.execPath, [root], env)
  open.push(() => second.stop())
  await second.event('ready')
  return second
}

const triggered = ({ log }: ForeignServer) => log.flatMap(({ made }) => made?.job_run_id ?? [])

/** The workers that the waits of a pipeline run are kept by. */
async function keepersOf({ client }: TestStack, id: string): Promise<string[]> {
  const { raw } = await client.workflow.getHandle(id).describe()
  return (raw.pendingActivities ?? [])
    .filter(({ activityType, state }) => activityType?.name === 'pollJobRun' && state === 2)
    .map(({ lastWorkerIdentity }) => lastWorkerIdentity ?? '')
}

async function presences({ client }: TestStack): Promise<string[]> {
  const found: string[] = []
  for await (const one of client.activity.list(
    "ActivityType = 'holdPresence' AND ExecutionStatus = 'Running'",
  ))
    found.push(one.activityId)
  return found
}

/** With a wait for each of some steps, once all are kept. */
async function startWaiting(stack: TestStack, foreign: ForeignServer, steps: number) {
  const first = Array.from({ length: steps }, (_, n) => work(`step${n}`))
  const needs = first.map(({ id }) => id)
  const id = await stack.runPlan(planOf([...first, work('last', needs)]))
  const keepers = await until('all wait', async () => {
    const found = await keepersOf(stack, id)
    return found.length === steps && found
  })
  return { id, keepers, endAll: () => endAll(foreign) }
}

function endAll(foreign: ForeignServer): void {
  for (const uuid of triggered(foreign)) foreign.endRun(uuid, 'completed')
}

describe('the waits of a worker that ends', () => {
  it('killed: are kept by another one within seconds, and nothing is triggered twice', async () => {
    const foreign = await startForeignServer({ manual: true })
    open.push(() => foreign.stop())
    const stack = await startOn(foreign)
    const { id, keepers, endAll } = await startWaiting(stack, foreign, 8)
    expect(new Set(keepers).size).toBe(1)
    await startSecond(stack)
    await stack.kill('worker')
    const killed = keepers[0] ?? ''
    await until(
      'another worker keeps all of them',
      async () => {
        const now = await keepersOf(stack, id)
        return now.length === 8 && !now.includes(killed)
      },
      30_000,
    )
    // Not by their leases, which would have brought them back half a minute later.
    const { raw } = await stack.client.workflow.getHandle(id).describe()
    const failures = (raw.pendingActivities ?? []).map(
      ({ lastFailure }) => lastFailure?.applicationFailureInfo?.type,
    )
    expect(failures).toEqual(Array.from({ length: 8 }, () => 'worker_lost'))
    // They go on as before: nothing to trouble anybody with.
    expect(await stack.pipelines.show(id)).toMatchObject({ status: 'running', warnings: [] })
    endAll()
    await until('the last step is triggered', async () => triggered(foreign).length === 9)
    endAll()
    expect(await stack.client.workflow.getHandle(id).result()).toMatchObject({ status: 'completed' })
    expect(triggered(foreign)).toHaveLength(9)
    // That of the killed one is over, the other's goes on.
    await until('one presence', async () => (await presences(stack)).length === 1)
  })

  it('told to stop: are handed over, and it leaves no presence behind', async () => {
    const foreign = await startForeignServer({ manual: true })
    open.push(() => foreign.stop())
    const stack = await startOn(foreign)
    const { id, endAll } = await startWaiting(stack, foreign, 3)
    await until('one presence', async () => (await presences(stack)).length === 1)
    await stack.shutDown('worker')
    expect(await keepersOf(stack, id)).toEqual([])
    await until('no presence', async () => (await presences(stack)).length === 0)
    await stack.start('worker')
    endAll()
    await until('the last step is triggered', async () => triggered(foreign).length === 4)
    endAll()
    expect(await stack.client.workflow.getHandle(id).result()).toMatchObject({ status: 'completed' })
    expect(triggered(foreign)).toHaveLength(4)
  })

  it('alive while Temporal is away: stay, and it is not taken for lost', async () => {
    const foreign = await startForeignServer({ manual: true })
    open.push(() => foreign.stop())
    // Temporal is away for longer than that, and a worker that is asked has time to answer.
    const stack = await startOn(foreign, { JOBWRIGHT_PRESENCE_HEARTBEAT_MS: '4000' })
    const { id, keepers } = await startWaiting(stack, foreign, 3)
    const second = await startSecond(stack)
    await stack.kill('temporal')
    await new Promise((resolve) => setTimeout(resolve, 6_000))
    await stack.start('temporal')
    await until('its presence is there', async () => (await presences(stack)).length === 1)
    endAll(foreign)
    await until('the last step is triggered', async () => triggered(foreign).length === 4, 30_000)
    endAll(foreign)
    expect(await stack.client.workflow.getHandle(id).result()).toMatchObject({ status: 'completed' })
    expect(stack.stderr('worker') + second.stderr()).not.toContain('a worker is gone')
    expect(keepers).toHaveLength(3)
  })
})
