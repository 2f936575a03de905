import { homedir } from 'node:os'
import path from 'node:path'
import type { Client } from '@temporalio/client'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { acquireTemporalBinary } from '../../src/dev-stack/temporal-cli/dev-server.ts'
import { PipelinesClient } from '../../src/pipelines/index.ts'
import { resolveOptions } from '../../src/pipelines/options.ts'
import { startRun } from '../../src/pipelines/start.ts'
import {
  connectTemporal,
  ensureSearchAttributes,
  missingSearchAttributes,
  SearchAttributesError,
} from '../../src/temporal/index.ts'
import { jobwright } from '../cli/helpers.ts'
import { type DevServer, startDevServer } from '../helpers/dev-server.ts'
import { planOf, planStep } from '../helpers/plans.ts'
import { startProcess, type TestProcess } from '../helpers/processes.ts'
import { until } from '../helpers/until.ts'

/** What happens on a Temporal server that nobody prepared for us. */
const cacheDir = process.env['XDG_CACHE_HOME'] ?? path.join(homedir(), '.cache')
const all = ['JobwrightWorkspace', 'JobwrightOwner', 'JobwrightSchedule']
const commands = all.map(
  (name) => `\`temporal operator search-attribute create --namespace default --name ${name} --type Keyword\``,
)
const plan = planOf([planStep('s')])
const owner = { workspace: 'blue', email: 'ada@example.com' }
const int = 3

let server: DevServer
let client: Client
const workers: TestProcess[] = []
beforeEach(async () => {
  const { path: binary } = await acquireTemporalBinary({ cacheDir })
  server = await startDevServer({ binary, stock: true })
  client = await connectTemporal({ address: server.address, namespace: 'default' })
})
afterEach(async () => {
  for (const worker of workers.splice(0)) await worker.stop()
  await client?.connection.close()
  await server?.stop()
})

async function addAs(type: number): Promise<void> {
  await client.connection.operatorService.addSearchAttributes({
    namespace: 'default',
    searchAttributes: { JobwrightWorkspace: type },
  })
}

async function startWorker(): Promise<TestProcess> {
  const env = {
    TEMPORAL_ADDRESS: server.address,
    JOBWRIGHT_URL: '',
    JOBWRIGHT_WORKER_TOKEN: '',
    JOBWRIGHT_LOG_LEVEL: 'warn',
  }
  const worker = startProcess(
    process.execPath,
    [path.resolve(import.meta.dirname, '../../src/worker.ts')],
    env,
  )
  workers.push(worker)
  await worker.event('ready')
  return worker
}

describe('registering', () => {
  test('adds what is missing, and nothing the next time', async () => {
    expect(await missingSearchAttributes(client)).toEqual(all)
    await addAs(2)
    expect(await ensureSearchAttributes(client)).toEqual(['JobwrightOwner', 'JobwrightSchedule'])
    expect(await ensureSearchAttributes(client)).toEqual([])
    expect(await missingSearchAttributes(client)).toEqual([])
  })

  test('refuses what is there with another type', async () => {
    await addAs(int)
    await expect(ensureSearchAttributes(client)).rejects.toThrow(
      'namespace default has a search attribute JobwrightWorkspace that is no Keyword',
    )
  })

  test('is done by a worker at its start', async () => {
    const worker = await startWorker()
    expect(await missingSearchAttributes(client)).toEqual([])
    expect(worker.stderr()).not.toContain('search attribute')
  })

  test('that fails is a warning of the worker with the two commands, and no more', async () => {
    await addAs(int)
    const worker = await startWorker()
    for (const command of commands) expect(worker.stderr()).toContain(command)
  })
})

describe('a start', () => {
  test('waits for search attributes that are registered meanwhile', async () => {
    const starting = new PipelinesClient(client, { owner }).start(plan, {}, { id: 'patient' })
    await ensureSearchAttributes(client)
    expect(await starting).toMatchObject({ id: 'patient', existed: false, warnings: [] })
    const { searchAttributes } = await client.workflow.getHandle('patient').describe()
    expect(searchAttributes).toMatchObject({ JobwrightWorkspace: ['blue'] })
  })

  test('is given up when nobody registers them, and says what to do', async () => {
    const context = { ...resolveOptions(client, { owner }), registrationPatienceMs: 300 }
    const error = await startRun(context, { plan, inputs: {}, warnings: [] }, { id: 'hopeless' }).catch(
      (e: unknown) => e,
    )
    expect(error).toBeInstanceOf(SearchAttributesError)
    expect(error).toMatchObject({ code: 'temporal_without_search_attributes', fault: 'unreachable' })
    for (const command of commands) expect((error as SearchAttributesError).fix).toContain(command)
    await expect(client.workflow.getHandle('hopeless').describe()).rejects.toThrow()
  })

  test('by nobody needs none', async () => {
    const pipelines = new PipelinesClient(client)
    const { id } = await pipelines.start(plan, {})
    const listed = await until('it is listed', async () => {
      const { runs } = await pipelines.list()
      return runs.length > 0 && runs
    })
    expect(listed.map((run) => run.id)).toEqual([id])
    await expect(pipelines.list({ workspace: 'blue' })).rejects.toBeInstanceOf(SearchAttributesError)
  })
})

test('the doctor says what is missing and how to get it', async () => {
  const doctor = async () => {
    const { stdout } = await jobwright(['doctor', '--output', 'json'], {
      env: { TEMPORAL_ADDRESS: server.address },
    })
    const { checks } = JSON.parse(stdout) as { checks: { name: string; status: string; fix?: string }[] }
    return checks.find(({ name }) => name === 'search_attributes')
  }
  const before = await doctor()
  expect(before?.status).toBe('problem')
  for (const command of commands) expect(before?.fix).toContain(command)
  await ensureSearchAttributes(client)
  expect(await doctor()).toMatchObject({ status: 'ok' })
})
