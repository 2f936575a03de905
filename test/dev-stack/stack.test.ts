import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { existsSync } from 'node:fs'
import { mkdir, readdir, readFile, stat, writeFile } from 'node:fs/promises'
import { createServer } from 'node:net'
import { homedir } from 'node:os'
import path from 'node:path'
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { isSameProcessAlive, processIdentity } from '../../src/base/process-lock.ts'
import { JobsClient } from '../../src/client/index.ts'
import {
  describeStackEvent,
  type RootCommands,
  readStack,
  type Stack,
  type StackEvent,
  type StackOptions,
  startStack,
} from '../../src/dev-stack/index.ts'
import {
  acquireTemporalBinary,
  findFreePort,
  waitForTemporalServer,
} from '../../src/dev-stack/temporal-cli/dev-server.ts'
import { compilePipeline } from '../../src/pipeline/index.ts'
import { PipelinesClient } from '../../src/pipelines/index.ts'
import { connectTemporal } from '../../src/temporal/index.ts'
import { makeDataFolder, removeDataFolder } from '../helpers/data-folder.ts'
import { type DevServer, startDevServer } from '../helpers/dev-server.ts'
import { placePglite } from '../helpers/pglite.ts'
import { until } from '../helpers/until.ts'
import { workflowBundle } from '../helpers/workflow-bundle.ts'

const standIns = path.join(import.meta.dirname, 'stand-ins')
const standIn = (name: string, ...args: string[]) => ({
  command: process.execPath,
  args: [path.join(standIns, `${name}.mjs`), ...args],
})
const roots = (behaviour = 'stay'): RootCommands => ({
  server: standIn('server'),
  worker: standIn('worker', behaviour),
})
const cacheDir = path.join(homedir(), '.cache')
const { PATH, HOME, NODE_COMPILE_CACHE } = process.env
const environment = { PATH, HOME, NODE_COMPILE_CACHE }

let temporal: DevServer
beforeAll(async () => {
  temporal = await startDevServer({ binary: (await acquireTemporalBinary({ cacheDir })).path })
})
afterAll(() => temporal.stop())

let folder: string
let dataDir: string
let events: StackEvent[]
const stacks: Stack[] = []
const owners: ChildProcess[] = []

beforeEach(async () => {
  folder = makeDataFolder('stack')
  dataDir = path.join(folder, 'data')
  events = []
})
afterEach(async () => {
  for (const owner of owners.splice(0)) owner.kill('SIGKILL')
  for (const stack of stacks.splice(0)) await stack.stop()
  removeDataFolder(folder)
})

/** A stack on the shared Temporal server; `own` starts one of its own, `real` our server and worker. */
async function start(
  options: Partial<StackOptions> & { own?: boolean; real?: boolean } = {},
): Promise<Stack> {
  const { own = false, real = false, ...rest } = options
  if (real && !existsSync(path.join(dataDir, 'pgdata'))) await placePglite(dataDir)
  const stack = await startStack({
    dataDir,
    host: '127.0.0.1',
    port: 0,
    temporal: { namespace: 'default', ...(own ? {} : { address: temporal.address }) },
    cacheDir,
    environment: real ? { ...environment, JOBWRIGHT_WORKFLOW_BUNDLE: await workflowBundle() } : environment,
    ...(real ? {} : { roots: roots() }),
    log: (event) => events.push(event),
    ...rest,
  })
  stacks.push(stack)
  return stack
}

const origin = (stack: Stack): string => new URL(stack.info.apiUrl).origin
const isUp = async (pid: number): Promise<boolean> => (await processIdentity(pid)) !== undefined

/** The stack of another process, which a test may kill. */
async function startElsewhere(): Promise<{ owner: ChildProcess; info: Stack['info'] }> {
  const module = path.resolve(import.meta.dirname, '../../src/dev-stack/index.ts')
  const options = {
    dataDir,
    host: '127.0.0.1',
    port: 0,
    temporal: { namespace: 'default' },
    cacheDir,
    environment,
    roots: roots(),
  }
  const script = `const { startStack } = await import(${JSON.stringify(module)})
    const stack = await startStack(${JSON.stringify(options)})
    console.log(JSON.stringify(stack.info))`
  const owner = spawn(process.execPath, ['--input-type=module', '-e', script], {
    stdio: ['ignore', 'pipe', 'inherit'],
  })
  owners.push(owner)
  const line = await Promise.race([
    once(owner.stdout, 'data').then(([data]) => String(data)),
    once(owner, 'exit').then(([code]) => Promise.reject(new Error(`the owner exited with ${code}`))),
  ])
  return { owner, info: JSON.parse(line) as Stack['info'] }
}

describe('starting', () => {
  test('brings up Temporal, server and worker, and says how long each took', async () => {
    const stack = await start({ own: true })
    expect(await (await fetch(`${origin(stack)}/readyz`)).text()).toBe('ok')
    await waitForTemporalServer({ address: stack.info.temporalAddress, namespace: 'default' })
    const lines = events.map(describeStackEvent)
    for (const part of ['Temporal', 'API server', 'Worker'])
      expect(lines).toContainEqual(expect.stringMatching(new RegExp(`^${part} ready in \\d+\\.\\d s$`)))
  })

  test('gives the children their addresses and tokens, and shows the tokens to nobody', async () => {
    const stack = await start()
    const env = (await (await fetch(`${origin(stack)}/environment`)).json()) as Record<string, string>
    const token = (await readFile(stack.info.tokenFile, 'utf8')).trim()
    const workerToken = (await readFile(stack.info.workerTokenFile, 'utf8')).trim()
    expect(env).toMatchObject({
      TEMPORAL_ADDRESS: temporal.address,
      JOBWRIGHT_DATA_DIR: dataDir,
      JOBWRIGHT_TOKENS: `default/dev@localhost=${token}`,
      JOBWRIGHT_WORKER_TOKEN: workerToken,
      JOBS_API_URL: stack.info.apiUrl,
      JOBS_API_TOKEN: token,
    })
    const shown = [
      JSON.stringify(stack.info),
      JSON.stringify(events),
      await readFile(path.join(dataDir, 'stack.json'), 'utf8'),
    ]
    for (const text of shown) {
      expect(text).not.toContain(token)
      expect(text).not.toContain(workerToken)
    }
    for (const file of [stack.info.tokenFile, stack.info.workerTokenFile])
      expect((await stat(file)).mode & 0o777).toBe(0o600)
    expect((await stat(dataDir)).mode & 0o777).toBe(0o700)
    // It holds tokens: no `git add .` takes it along.
    expect(await readFile(path.join(dataDir, '.gitignore'), 'utf8')).toBe('*\n')
  })

  test('is told to others by readStack, as long as it runs', async () => {
    expect(await readStack(dataDir)).toBeUndefined()
    const stack = await start()
    expect(await readStack(dataDir)).toEqual(stack.info)
    expect(stack.info.pids.owner).toBe(process.pid)
    await stack.stop()
    expect(await readStack(dataDir)).toBeUndefined()
  })

  test('reads no stack out of a file that is broken', async () => {
    await mkdir(dataDir)
    for (const content of ['', '{', '[]', '{"version":1}', '{"version":2}']) {
      await writeFile(path.join(dataDir, 'stack.json'), content)
      expect(await readStack(dataDir)).toBeUndefined()
    }
    await start()
    expect(await readStack(dataDir)).toBeDefined()
  })

  test('names the port that is in use, who has it, and the way out', async () => {
    const other = createServer()
    other.listen(0, '127.0.0.1')
    await once(other, 'listening')
    const address = other.address()
    const port = typeof address === 'object' && address ? address.port : 0
    try {
      const error = await start({ port }).catch((reason: unknown) => reason)
      expect(error).toMatchObject({
        code: 'port_in_use',
        fix: expect.stringMatching(/--port N.* JOBWRIGHT_PORT .*, or stop that process$/),
      })
      expect(String(error)).toContain(`port ${port} is in use`)
      if (process.platform === 'linux') expect(String(error)).toContain(`process ${process.pid} (node)`)
      const elsewhere = await start({ port, anyPort: true, dataDir: path.join(folder, 'elsewhere') })
      expect(new URL(elsewhere.info.apiUrl).port).not.toBe(String(port))
      expect(events).toContainEqual({ kind: 'note', message: expect.stringContaining('taking a free one') })
    } finally {
      other.close()
    }
    // Nothing is left: the same folder can be used at once.
    await start()
  })

  // mkdir with `recursive` never comes back from there.
  test.skipIf(process.platform !== 'linux')('names a data directory that cannot be made', async () => {
    dataDir = '/proc/jobwright/data'
    await expect(start()).rejects.toMatchObject({
      code: 'data_dir_unusable',
      message: expect.stringMatching(/^cannot make \/proc\/jobwright/),
      fix: 'set JOBWRIGHT_DATA_DIR to another folder',
    })
  })

  test.each(['token', 'stack.lock', 'stack.json.tmp'])(
    'names a data directory in which %s cannot be written, and leaves nothing of its own',
    async (name) => {
      await mkdir(path.join(dataDir, name, 'in the way'), { recursive: true })
      await expect(start()).rejects.toMatchObject({
        code: 'data_dir_unusable',
        message: expect.stringContaining(`cannot write in ${dataDir}: `),
      })
      expect((await readdir(dataDir)).filter((file) => file.includes('draft'))).toEqual([])
    },
  )

  test('says that another stack has the data directory', async () => {
    await start()
    await expect(start()).rejects.toMatchObject({
      code: 'data_dir_in_use',
      message: expect.stringContaining(`process ${process.pid}`),
    })
  })

  test('says that Temporal cannot be reached, at which address and why', async () => {
    const address = `127.0.0.1:${await findFreePort()}`
    const error = await start({ temporal: { namespace: 'default', address } }).catch(
      (reason: unknown) => reason,
    )
    expect(error).toMatchObject({ code: 'temporal_unreachable' })
    expect(String(error)).toContain(address)
    expect(String(error)).toContain('ECONNREFUSED')
    expect(await readStack(dataDir)).toBeUndefined()
  })

  test('shows the last words of a process that ends at once, and stops the rest', async () => {
    const error = await start({ roots: roots('fail') }).catch((reason: unknown) => reason)
    expect(error).toMatchObject({ code: 'child_failed' })
    expect(String(error)).toContain('exit code 3')
    expect(String(error)).toContain('cannot reach the moon')
    expect(String(error)).toContain(path.join(dataDir, 'logs', 'worker.log'))
    await start()
  })

  test('goes on after a Temporal server that was killed before it had its tables', async () => {
    await mkdir(dataDir)
    await writeFile(path.join(dataDir, 'temporal.db'), '')
    const stack = await start({ own: true })
    await waitForTemporalServer({ address: stack.info.temporalAddress, namespace: 'default' })
    expect((await stat(path.join(dataDir, 'temporal.db'))).mode & 0o777).toBe(0o600)
  })

  test('can be interrupted', async () => {
    const interrupt = new AbortController()
    const starting = start({ own: true, signal: interrupt.signal, log: () => interrupt.abort() })
    await expect(starting).rejects.toMatchObject({ code: 'interrupted' })
    await start()
  })
})

describe('a process that dies', () => {
  test('is started again, with the same address', async () => {
    const stack = await start()
    const before = stack.info.pids.server
    await fetch(`${origin(stack)}/die`).catch(() => undefined)
    await until('another process is on record', async () => {
      return ((await readStack(dataDir))?.pids.server ?? before) !== before
    })
    await until('it is ready', async () => (await fetch(`${origin(stack)}/readyz`)).ok)
    expect(events.map(describeStackEvent)).toContain('API server ended (SIGKILL); starting it again now')
  })

  test('is started again when it is Temporal, and keeps what it had', async () => {
    const stack = await start({ own: true })
    process.kill(stack.info.pids.temporal ?? 0, 'SIGKILL')
    const readyAgain = () =>
      events.filter((event) => event.kind === 'ready' && event.part === 'temporal').length === 2
    await until('Temporal is ready again', readyAgain)
    await waitForTemporalServer({ address: stack.info.temporalAddress, namespace: 'default' })
  })

  test('again and again is given up, with its last words, and everything is stopped', async () => {
    const stack = await start({
      roots: roots('crash'),
      restartPolicy: { quickDeathMs: 10_000, firstDelayMs: 1, maxDelayMs: 10, maxQuickDeaths: 3 },
    })
    stacks.splice(0)
    await expect(stack.done).rejects.toMatchObject({
      code: 'child_failed',
      message: expect.stringContaining('the Worker process ended again and again, 3 times (exit code 1)'),
    })
    expect(await readStack(dataDir)).toBeUndefined()
    expect(await isUp(stack.info.pids.server ?? 0)).toBe(false)
  })
})

describe('stopping', () => {
  test('ends the worker, then the server, then Temporal, and may be asked twice', async () => {
    const stack = await start({ own: true })
    await Promise.all([stack.stop(), stack.stop()])
    await stack.done
    for (const pid of Object.values(stack.info.pids))
      if (pid !== process.pid) expect(await isUp(pid)).toBe(false)
    expect(await readFile(path.join(dataDir, 'logs', 'worker.log'), 'utf8')).toContain('worker stops')
    expect(await readFile(path.join(dataDir, 'logs', 'server.log'), 'utf8')).toContain('server stops')
  })

  test('uses force on a process that does not listen', { timeout: 30_000 }, async () => {
    const stack = await start({ roots: roots('stubborn'), drainMs: 200 })
    await stack.stop()
    expect(await isUp(stack.info.pids.worker ?? 0)).toBe(false)
  })
})

describe('the real server and worker', () => {
  /** A handler that goes on until it is told to stop, and then takes a while to clean up. Its second attempt is quick. */
  const config = `
    import { setTimeout as delay } from 'node:timers/promises'
    import { z } from ${JSON.stringify(import.meta.resolve('zod'))}
    import { defineJobType } from ${JSON.stringify(path.resolve(import.meta.dirname, '../../src/job-types/index.ts'))}
    export const jobTypes = [defineJobType({
      jobType: 'long', displayName: 'Long', description: 'Long', onWorkerLost: 'fail', config: z.strictObject({}),
      async run({ attempt, signal, output }) {
        if (attempt === 1) {
          await new Promise((resolve) => signal.addEventListener('abort', resolve, { once: true }))
          await delay(2_000)
          signal.throwIfAborted()
        }
        await output.json('attempt', attempt)
      },
    })]`

  test('hand a long run over when the stack stops, also one that no lost worker may have had', {
    timeout: 120_000,
  }, async () => {
    await mkdir(dataDir, { recursive: true })
    const configFile = path.join(dataDir, 'jobwright.config.ts')
    await writeFile(configFile, config)
    const real = { own: true, real: true, configFile }
    const first = await start(real)
    const client = async (stack: Stack) =>
      new JobsClient({
        baseUrl: stack.info.apiUrl,
        token: (await readFile(stack.info.tokenFile, 'utf8')).trim(),
      })
    const api = await client(first)
    const job = await api.createJob({ job_type: 'long' })
    const { uuid } = await api.createJobRun({ job_id: job.uuid })
    await until('the run to be under way', async () => (await api.getJobRun(uuid)).status === 'running')
    await first.stop()
    const again = await client(await start(real))
    const run = await until('the run to end', async () => {
      const found = await again.getJobRun(uuid)
      return found.finished_at !== null && found.finished_at !== undefined && found
    })
    expect([run.status, run.attempt]).toEqual(['completed', 2])
  })

  test('tell in their logs, a line of JSON each, what started and how it ended', {
    timeout: 120_000,
  }, async () => {
    const stack = await start({ own: true, real: true })
    const text = `name: told
steps:
  nap: { job_type: sleep, config: { duration: 1ms } }
  each: { job_type: sleep, needs: [nap], for_each: [1ms, 2ms], config: { duration: '\${{ item }}' } }
  never: { job_type: sleep, needs: [nap], if: '\${{ false }}', config: { duration: 1ms } }
`
    const { plan } = compilePipeline(text, { file: 'told.yaml' })
    if (!plan) throw new Error('no plan')
    const client = await connectTemporal({
      address: stack.info.temporalAddress,
      namespace: stack.info.namespace,
    })
    const pipelines = new PipelinesClient(client)
    const { id } = await pipelines.start(plan, {})
    const run = await until('the pipeline run to end', async () => {
      const found = await pipelines.show(id)
      return found.status !== 'running' && found
    })
    expect(run.status).toBe('completed')
    await client.connection.close()
    await stack.stop()

    const linesOf = async (part: string) => {
      const log = await readFile(path.join(dataDir, 'logs', `${part}.log`), 'utf8')
      const lines = log
        .trim()
        .split('\n')
        .map((line) => JSON.parse(line) as Record<string, unknown>)
      // What a process says on stdout when it is ready is no line of its log.
      return lines.filter((line) => line['event'] === undefined)
    }
    const [worker, server] = [await linesOf('worker'), await linesOf('server')]
    expect([...worker, ...server].filter(({ level }) => Number(level) > 30)).toEqual([])
    const said = (lines: Record<string, unknown>[], msg: string) =>
      lines.filter((line) => line['msg'] === msg)
    const [nap, ...items] = run.steps.filter(({ step }) => step !== 'never')
    const common = { pipeline_run_id: id, pipeline: 'told' }
    const duration_ms = expect.any(Number)
    expect(said(worker, 'pipeline run started')).toEqual([expect.objectContaining(common)])
    expect(said(worker, 'pipeline run ended')).toEqual([
      expect.objectContaining({ ...common, status: 'completed', duration_ms }),
    ])
    expect(
      said(worker, 'step started')
        .map(({ step, job_type }) => `${step} ${job_type}`)
        .sort(),
    ).toEqual(['each sleep', 'nap sleep', 'never sleep'])
    expect(said(worker, 'step ended')).toEqual(
      expect.arrayContaining([
        expect.objectContaining({
          ...common,
          step: 'nap',
          job_type: 'sleep',
          status: 'completed',
          job_run_id: nap?.job_run_id,
          duration_ms,
        }),
        expect.objectContaining({ ...common, step: 'each', status: 'completed', items: 2, duration_ms }),
        expect.objectContaining({ ...common, step: 'never', status: 'skipped' }),
      ]),
    )
    for (const { job_run_id, job_id } of [nap, ...items].filter((each) => each !== undefined)) {
      const ids = { job_run_id, job_type: 'sleep', attempt: 1 }
      for (const [lines, here, more] of [
        [worker, ' here', {}],
        [server, '', { job_id }],
      ] as const) {
        expect(said(lines, `job run started${here}`)).toContainEqual(
          expect.objectContaining({ ...ids, ...more }),
        )
        expect(said(lines, `job run ended${here}`)).toContainEqual(
          expect.objectContaining({ ...ids, ...more, status: 'completed', duration_ms }),
        )
      }
    }
  })

  test('end at last when their parent is gone, although something keeps them', async () => {
    const guard = new URL('../../src/dev-stack/parent-guard.ts?patience_ms=200', import.meta.url).href
    const script = 'setInterval(() => undefined, 1000); process.send("up")'
    const child = spawn(process.execPath, ['--import', guard, '--input-type=module', '-e', script], {
      stdio: ['ignore', 'inherit', 'inherit', 'ipc'],
    })
    owners.push(child)
    await once(child, 'message')
    child.disconnect()
    expect((await once(child, 'exit'))[0]).toBe(1)
  })
})

describe('after a kill -9 of the owner', () => {
  test('server and worker end by themselves, and Temporal too where the system allows', async () => {
    const { owner, info } = await startElsewhere()
    const { owner: _owner, ...children } = info.pids
    owner.kill('SIGKILL')
    const mortal = Object.entries(children).filter(
      ([name]) => name !== 'temporal' || process.platform === 'linux',
    )
    for (const [, pid] of mortal) await until(`process ${pid} is gone`, async () => !(await isUp(pid)))
    expect(await readStack(dataDir)).toBeUndefined()
  })

  test('the next start ends what is left, takes the same Temporal port and goes on', async () => {
    const { owner, info } = await startElsewhere()
    // Stopped, the server cannot notice that its parent is gone.
    process.kill(info.pids.server ?? 0, 'SIGSTOP')
    owner.kill('SIGKILL')
    await once(owner, 'exit')
    const stack = await start({ own: true })
    expect(await isUp(info.pids.server ?? 0)).toBe(false)
    expect(events).toContainEqual({ kind: 'leftover_ended', part: 'server', pid: info.pids.server })
    expect(stack.info.temporalAddress).toBe(info.temporalAddress)
  })

  test('a stranger who has got the number of a dead child is left alone', async () => {
    const stack = await start()
    await stack.stop()
    stacks.splice(0)
    const stranger = spawn(process.execPath, ['-e', 'setInterval(() => {}, 1000)'], { stdio: 'ignore' })
    owners.push(stranger)
    const file = path.join(dataDir, 'stack.json')
    const record = JSON.parse(await readFile(file, 'utf8')) as object
    const identity = { pid: stranger.pid ?? 0, startedAt: 'some other time' }
    await writeFile(file, JSON.stringify({ ...record, children: { server: identity } }))
    expect(await isSameProcessAlive(identity)).toBe(false)
    await start()
    expect(await isUp(identity.pid)).toBe(true)
  })
})
