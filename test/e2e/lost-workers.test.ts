import { fileURLToPath } from 'node:url'
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest'
import type { WireJobRun } from '../../src/client/index.ts'
import { planOf, planStep } from '../helpers/plans.ts'
import { startProcess, type TestProcess } from '../helpers/processes.ts'
import { startTestStack, type TestStack } from '../helpers/stack.ts'
import { until } from '../helpers/until.ts'

/** What a worker had when it was killed. No heartbeat times out within these tests: whatever goes on does so for another reason. */

const longMs = String(10 * 60_000)
let on: TestStack
beforeAll(async () => {
  on = await startTestStack({
    database: 'postgres',
    parts: ['temporal', 'server'],
    configFile: fileURLToPath(new URL('./lost-workers.config.ts', import.meta.url)),
    env: {
      JOBWRIGHT_RUN_HEARTBEAT_MS: longMs,
      JOBWRIGHT_WATCHER_HEARTBEAT_MS: longMs,
      JOBWRIGHT_STEP_HEARTBEAT_MS: longMs,
    },
  })
})
afterAll(() => on?.stop())

const open: TestProcess[] = []
afterEach(async () => {
  await Promise.all(open.splice(0).map((worker) => worker.stop()))
})

async function startWorker(name?: string): Promise<TestProcess> {
  const root = fileURLToPath(new URL('../../src/worker.ts', import.meta.url))
  const env = { ...on.env, ...(name === undefined ? {} : { JOBWRIGHT_WORKER_NAME: name }) }
  const worker = startProcess(process.execPath, [root], env)
  open.push(worker)
  await worker.event('ready')
  return worker
}

async function begin(jobType: string): Promise<string> {
  const job = await on.api.createJob({ job_type: jobType })
  return (await on.api.createJobRun({ job_id: job.uuid })).uuid
}

/** Under way, and whoever has it shows that it lives. */
async function underWay(uuid: string): Promise<void> {
  await until('the handler is at work', async () => (await on.api.getJobRun(uuid)).status === 'running')
  const { lastWorkerIdentity } = await on.client.activity.getHandle(uuid).describe()
  await until('its worker is present', async () =>
    (await presences()).some(({ summary }) => summary === lastWorkerIdentity),
  )
}

async function presences(): Promise<{ id: string; summary: string | undefined; attempt: number }[]> {
  const found = []
  const query = "ActivityType = 'holdPresence' AND ExecutionStatus = 'Running'"
  for await (const { activityId } of on.client.activity.list(query)) {
    const one = await on.client.activity.getHandle(activityId).describe()
    if (one.runState !== 'STARTED') continue
    found.push({ id: activityId, summary: one.lastWorkerIdentity, attempt: one.attempt })
  }
  return found
}

async function ended(uuid: string): Promise<WireJobRun> {
  return until(
    'the run is over',
    async () => {
      const run = await on.api.getJobRun(uuid)
      return run.finished_at ? run : undefined
    },
    30_000,
  )
}

describe('a worker that is killed and started again under its name', () => {
  it('has what it had begun anew at once', async () => {
    const first = await startWorker('a')
    const runs = await Promise.all(['lasting', 'lasting_once'].map(begin))
    await Promise.all(runs.map(underWay))
    const id = await on.runPlan(
      planOf([
        planStep('wait', {
          target: { kind: 'job_type', jobType: 'lasting' },
          config: { kind: 'literal', value: { job_type: 'lasting' } },
        }),
        planStep('next', { needs: ['wait'], config: { kind: 'literal', value: { duration: '1ms' } } }),
      ]),
    )
    await until('the step is at work', async () => {
      const [wait] = (await on.pipelines.show(id)).steps
      return (
        Boolean(wait?.job_run_id) && (await on.api.getJobRun(wait?.job_run_id ?? '')).status === 'running'
      )
    })
    await first.kill()
    await startWorker('a')
    const [lasting, once] = await Promise.all(runs.map(ended))
    expect(lasting).toMatchObject({ status: 'completed', attempt: 2 })
    expect(once).toMatchObject({ status: 'failed', error: { code: 'worker_lost' } })
    expect(await on.client.workflow.getHandle(id).result()).toMatchObject({ status: 'completed' })
  })

  it('leaves what a living one has alone', async () => {
    const other = await startWorker('other')
    const theirs = await begin('a_while')
    await underWay(theirs)
    const mine = await startWorker('b')
    await mine.kill()
    await startWorker('b')
    expect(await ended(theirs)).toMatchObject({ status: 'completed', attempt: 1 })
    expect(other.stderr()).not.toContain('a worker is gone')
  })
})

describe('a worker whose end nobody saw', () => {
  it('is missed by another one, which begins anew what it had', async () => {
    const first = await startWorker()
    const lasting = await begin('lasting')
    await underWay(lasting)
    await startWorker()
    await first.kill()
    expect(await ended(lasting)).toMatchObject({ status: 'completed', attempt: 2 })
  })

  it('keeps its handlers when it only stood still for a while', async () => {
    const first = await startWorker()
    const lasting = await begin('a_while')
    await underWay(lasting)
    const { lastWorkerIdentity = '' } = await on.client.activity.getHandle(lasting).describe()
    const life = /\/([0-9a-f]+)/.exec(lastWorkerIdentity)?.[1] ?? 'none'
    await startWorker()
    first.child.kill('SIGSTOP')
    await until('it is believed to be lost', async () => {
      const now = (await presences()).find(({ id }) => id.endsWith(life))
      return now !== undefined && now.attempt >= 3
    })
    first.child.kill('SIGCONT')
    expect(await ended(lasting)).toMatchObject({ status: 'completed', attempt: 1 })
  })
})
