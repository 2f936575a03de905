import { readdirSync, readFileSync } from 'node:fs'
import { writeFile } from 'node:fs/promises'
import path from 'node:path'
import { WorkflowFailedError, type WorkflowHandle } from '@temporalio/client'
import { historyToJSON } from '@temporalio/common/lib/proto-utils.js'
import { DefaultLogger, Runtime, Worker } from '@temporalio/worker'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { instantMs } from '../../src/base/instant.ts'
import type { PipelineRunView } from '../../src/pipeline/plan/index.ts'
import { type ForeignServer, startForeignServer } from '../foreign-server/index.ts'
import { heldConfigFile } from '../helpers/held.ts'
import { startProcess, type TestProcess } from '../helpers/processes.ts'
import { startTestStack, type TestStack } from '../helpers/stack.ts'
import { until } from '../helpers/until.ts'
import { bundleOf } from '../helpers/workflow-bundle.ts'

/** `runJob` in workflows of users, on workers of theirs, which are real processes: on our own server, and on one without keys. */

let foreign: ForeignServer
let stack: TestStack
let worker: TestProcess
const workflowsPath = path.join(import.meta.dirname, 'user-workflows.ts')
/** `RECORD=0.1.0 npx vitest run test/run-job` keeps one history of each workflow for ever. */
const { RECORD } = process.env
const startWorker = async (env: Record<string, string> = {}) => {
  const program = path.join(import.meta.dirname, 'user-worker.ts')
  const WORKFLOWS = await bundleOf({ workflowsPath })
  const begun = startProcess(process.execPath, [program], {
    ...{ ...stack.env, FOREIGN_URL: foreign.url, WORKFLOWS, ...env },
  })
  await begun.event('ready')
  return begun
}
beforeAll(async () => {
  Runtime.install({ logger: new DefaultLogger('ERROR') })
  foreign = await startForeignServer({ durationMs: 50 })
  stack = await startTestStack({ database: 'postgres', configFile: heldConfigFile })
  worker = await startWorker()
  // Two bundles may have to be made.
}, 120_000)
afterAll(async () => {
  await worker?.stop()
  await stack?.stop()
  await foreign?.stop()
})

let count = 0
const started: WorkflowHandle[] = []
async function start(type: string, ...args: unknown[]) {
  count += 1
  const workflowId = `${type}-${count}`
  const handle = await stack.client.workflow.start(type, { taskQueue: 'own', workflowId, args })
  // Of the last execution, whichever that is.
  started.push(stack.client.workflow.getHandle(workflowId))
  return handle
}
const startOne = (options: object, type = 'one') =>
  start(type, { step: 'only', jobType: 'sleep', config: { duration: '1ms' }, ...options })
const view = (handle: WorkflowHandle) => handle.query<PipelineRunView>('jobwright.progress')

/** Job runs on our server whose job was made for that workflow. */
async function runsOf(type: string, since: number) {
  const { items } = await stack.api.listJobRuns({ limit: 500 })
  return items.filter((run) => run.job_name.includes(` – ${type} / `) && instantMs(run.created_at) >= since)
}
/** The run of its step, which may be over by now: who needs one that is not takes one that does not end by itself. */
const begun = (handle: WorkflowHandle) =>
  until('its run is known', async () => (await view(handle)).steps[0]?.job_run_id ?? false)
/** Where a run is held until it exists. */
const gateOf = (name: string) => path.join(stack.dataDir, name)
const open = (gate: string) => writeFile(gate, '')
const waiting = (handle: WorkflowHandle) =>
  until('it waits', async () => {
    const { raw } = await handle.describe()
    return raw.pendingActivities?.some(({ activityId }) => activityId?.includes('/wait')) ?? false
  })
const statusOf = async (uuid: string) => (await stack.api.getJobRun(uuid)).status

describe('a run', () => {
  it('is triggered, awaited, and gives its outputs', async () => {
    const [short, long] = [await startOne({}), await startOne({ config: { duration: '2500ms' } })]
    expect(await short.result()).toMatchObject({ status: 'completed', outputs: { slept: { ms: 1 } } })
    expect(await long.result()).toMatchObject({ status: 'completed', outputs: { slept: { ms: 2500 } } })
    expect(await view(long)).toMatchObject({
      pipeline: 'one',
      steps: [{ step: 'only', status: 'completed', generation: 1 }],
    })
  })

  it('is one for each call, also of the same name and at once', async () => {
    const handle = await start('parallel', '1500ms')
    const runs = (await handle.result()) as { jobRunId: string }[]
    expect(new Set(runs.map(({ jobRunId }) => jobRunId)).size).toBe(3)
    expect((await view(handle)).steps).toMatchObject([
      { step: 'same', item: 0 },
      { step: 'same', item: 1 },
      { step: 'a/b %' },
    ])
  })

  it('that failed is followed by the next generation, and at last by a failure that says all', async () => {
    const handle = await startOne(
      { config: { duration: '1ms', fail: 'on purpose' }, retry: { attempts: 2, backoff: '50ms' } },
      'caught',
    )
    const failed = (await handle.result()) as {
      message: string
      details: [{ jobRunId: string; earlier: object[] }]
    }
    expect(failed).toMatchObject({
      message: expect.stringContaining('only: on purpose'),
      details: [{ step: 'only', status: 'failed', generation: 2, earlier: [{ generation: 1 }] }],
    })
    expect(await statusOf(failed.details[0].jobRunId)).toBe('failed')
    // As with activities, the workflow fails with it.
    const uncaught = await startOne({ config: { duration: '1ms', fail: 'on purpose' } })
    await expect(uncaught.result()).rejects.toThrow(WorkflowFailedError)
  })

  it('that is out of time is cancelled first', async () => {
    const handle = await startOne({ config: { duration: '1h' }, timeout: '10s' }, 'caught')
    const { type, details } = (await handle.result()) as { type: string; details: [{ jobRunId: string }] }
    expect(type).toBe('timeout')
    expect(await statusOf(details[0].jobRunId)).toBe('cancelled')
  })

  it.each([
    [{ timeout: 'soon' }, 'timeout is "soon"; expected a duration'],
    [{ timeouts: '1s' }, 'there is no option timeouts'],
    [{ retry: { attempts: 0 } }, 'retry.attempts is'],
    [{ jobId: 'x' }, 'has both jobType and jobId'],
    [{ step: '' }, 'step is ""; expected text'],
    [{ connection: 'nowhere' }, 'no connection named nowhere'],
    [{ connection: 'foreign', key: 'k' }, 'a key needs a server with idempotency keys'],
  ])('that cannot be done as it was written fails at once: %j', async (options, message) => {
    const { message: found } = (await (await startOne(options, 'caught')).result()) as { message: string }
    expect(found).toContain(message)
  })
})

describe('a cancelled scope', () => {
  it.each(['timeout', 'cancel'])('cancels the job run, and ends when it has ended: %s', async (how) => {
    const handle = await start('scopes', how)
    const uuid = await begun(handle)
    if (how === 'cancel') await handle.signal('told')
    expect(await handle.result()).toBe('cancelled')
    expect(await statusOf(uuid)).toBe('cancelled')
  })

  it('is that of the workflow, and of its parent', async () => {
    const own = await startOne({ config: { duration: '1h' } })
    const above = await start('parent', '1h')
    const child = await until('the child runs', async () => {
      const { raw } = await above.describe()
      const id = raw.pendingChildren?.[0]?.workflowId
      return id ? stack.client.workflow.getHandle(id) : false
    })
    const runs = await Promise.all([begun(own), begun(child)])
    await Promise.all([own.cancel(), above.cancel()])
    for (const handle of [own, above]) await expect(handle.result()).rejects.toThrow(WorkflowFailedError)
    for (const handle of [own, above, child]) expect((await handle.describe()).status.name).toBe('CANCELLED')
    expect(await Promise.all(runs.map(statusOf))).toEqual(['cancelled', 'cancelled'])
  })

  it('is not heard of where it is shielded, and a race leaves the others at work', async () => {
    const gate = gateOf('shielded')
    const shielded = await start('scopes', 'shielded', gate)
    const bare = await startOne({ config: { duration: '1h' } })
    await Promise.all([begun(shielded), begun(bare)])
    await shielded.cancel()
    await bare.cancel()
    // Time enough for a run that hears of it to end.
    await expect(bare.result()).rejects.toThrow(WorkflowFailedError)
    await open(gate)
    expect(await shielded.result()).toBe('completed')
    expect(await (await start('scopes', 'race')).result()).toBe('timer')
  })
})

describe('identity', () => {
  it('is another one after continue-as-new; with a key the open run is taken up', async () => {
    const since = Date.now() - 1_000
    const gate = gateOf('chain')
    const [keyed, unkeyed] = await Promise.all([
      start('chain', { key: 'nightly', file: gate }),
      start('chain', { duration: '1500ms' }),
    ])
    const [first] = await Promise.all([begun(keyed), begun(unkeyed)])
    const { runId } = await keyed.describe()
    await Promise.all([keyed.signal('told'), unkeyed.signal('told')])
    // It is open until the next execution has it.
    await until('that goes on as new', async () => (await keyed.describe()).runId !== runId)
    await begun(keyed)
    await open(gate)
    expect(await keyed.result()).toMatchObject({ jobRunId: first })
    await unkeyed.result()
    // One of the keyed chain, two of the other.
    expect(await runsOf('chain', since)).toHaveLength(3)
  })

  it('is the same after a reset to before the run', async () => {
    const since = Date.now() - 1_000
    const handle = await start('two', '1500ms')
    await until('the first is over', async () => (await view(handle)).steps[0]?.status === 'completed')
    const { events } = await handle.fetchHistory()
    const firstTask = events?.find((event) => event.workflowTaskCompletedEventAttributes)
    const { workflowId } = handle
    await stack.client.workflowService.resetWorkflowExecution({
      namespace: 'default',
      workflowExecution: { workflowId },
      reason: 'by hand',
      requestId: workflowId,
      workflowTaskFinishEventId: firstTask?.eventId ?? null,
    })
    const reset = stack.client.workflow.getHandle(workflowId)
    await until('it is there again', async () => (await view(reset)).steps[0]?.status === 'completed')
    await reset.signal('told')
    await reset.result()
    expect(await runsOf('two', since)).toHaveLength(2)
  })
})

describe('a server without idempotency keys', () => {
  const work = (more: object, type = 'one') =>
    startOne(
      { connection: 'foreign', jobType: 'work', config: { duration_ms: 50 }, settle: '500ms', ...more },
      type,
    )

  it('runs a job, filled in with secrets that no history has', async () => {
    const handle = await start('withSecret')
    expect(await handle.result()).toMatchObject({ status: 'completed' })
    expect([...foreign.runs.values()].some(({ config }) => config['token'] === 'a-secret-of-the-user')).toBe(
      true,
    )
    expect(JSON.stringify(await handle.fetchHistory())).not.toContain('a-secret-of-the-user')
  })

  it.each(['wait', 'fail'] as const)(
    'leaves a trigger of unknown outcome to a person, or fails: %s',
    async (onUnknown) => {
      Object.assign(foreign.habits, { html: ['create_run'] })
      const before = foreign.runs.size
      const handle = await work({ onUnknown }, 'caught')
      if (onUnknown === 'wait') {
        await until('it asks', async () => (await view(handle)).steps[0]?.status === 'trigger_unknown')
        Object.assign(foreign.habits, { html: [] })
        const found = await stack.pipelines.show(handle.workflowId)
        expect(found).toMatchObject({ status: 'held', steps: [{ status: 'trigger_unknown' }] })
        await stack.pipelines.trigger(handle.workflowId, { step: 'only' })
        expect(await handle.result()).toMatchObject({ status: 'completed' })
        expect(foreign.runs.size).toBe(before + 1)
      } else {
        expect(await handle.result()).toMatchObject({ type: 'trigger_unknown' })
        Object.assign(foreign.habits, { html: [] })
        expect(foreign.runs.size).toBe(before)
      }
    },
  )
})

describe('a worker', () => {
  it('that is killed costs time, and no run', async () => {
    const since = Date.now() - 1_000
    const handles = await Promise.all([
      startOne({ config: { duration: '6s' } }),
      startOne({ connection: 'foreign', jobType: 'work', config: { duration_ms: 6_000 } }),
    ])
    // Of these no code runs any more: whoever works next sweeps after them.
    const left = await Promise.all([
      startOne({ config: { duration: '1h' } }),
      startOne({ connection: 'foreign', jobType: 'work', config: { manual: true } }),
    ])
    await Promise.all([...handles, ...left].map(waiting))
    const [ownRun, foreignRun] = await Promise.all(left.map(begun))
    const before = foreign.runs.size
    await Promise.all(left.map((handle) => handle.terminate('by hand')))
    await worker.kill()
    worker = await startWorker()
    for (const handle of handles) expect(await handle.result()).toMatchObject({ status: 'completed' })
    expect(await runsOf('one', since)).toHaveLength(2)
    await until(
      'what was left is cancelled',
      async () => {
        const theirs = foreign.runs.get(foreignRun ?? '')?.history.at(-1)?.status
        const ours = await statusOf(ownRun ?? '')
        if (theirs === 'cancelled' && ours === 'cancelled') return true
        throw new Error(`${theirs}, ${ours}: ${worker.stderr()}`)
      },
      40_000,
    )
    expect(foreign.runs.size).toBe(before)
  })

  it('shows that it lives from its first activity on, and not only once something waits on it', async () => {
    await worker.stop()
    worker = await startWorker()
    await (await startOne({})).result()
    const query = "ActivityType = 'jobwright.holdPresence' AND ExecutionStatus = 'Running'"
    await until('its presence', async () => {
      for await (const _ of stack.client.activity.list(query)) return true
      return false
    })
  })

  it('that is told to stop hands its waits over, and one that caches nothing replays', async () => {
    const handle = await startOne({ config: { duration: '6s' } })
    await waiting(handle)
    const next = await startWorker({ CACHED: '0' })
    await worker.stop()
    worker = next
    expect(await handle.result()).toMatchObject({ status: 'completed' })
  })
})

describe('a history', () => {
  const folder = path.join(import.meta.dirname, 'histories')
  const files = readdirSync(folder)
  const bundle = async () => ({ workflowBundle: { codePath: await bundleOf({ workflowsPath }) } })

  it('of each of these workflows replays', async () => {
    const options = await bundle()
    for (const handle of started) await Worker.runReplayHistory(options, await handle.fetchHistory())
    if (RECORD === undefined) return
    for (const [type, handle] of new Map(
      started.map((each) => [each.workflowId.replace(/-\d+$/, ''), each]),
    )) {
      const text = historyToJSON(await handle.fetchHistory()).replaceAll(process.cwd(), '/jobwright')
      await writeFile(
        path.join(folder, `${RECORD}-${type}.json`),
        `${JSON.stringify(JSON.parse(text), null, 1)}\n`,
      )
    }
  })

  // Workflows may be open when a new version comes: what was recorded is never changed.
  it.each(files)('that was recorded replays: %s', async (file) => {
    const history: unknown = JSON.parse(readFileSync(path.join(folder, file), 'utf8'))
    await Worker.runReplayHistory(await bundle(), history)
  })
})
