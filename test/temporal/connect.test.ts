import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { homedir, tmpdir } from 'node:os'
import path from 'node:path'
import { afterAll, beforeAll, describe, expect, onTestFinished, test } from 'vitest'
import { loadConfig } from '../../src/config.ts'
import { startStack } from '../../src/dev-stack/index.ts'
import {
  acquireTemporalBinary,
  devServerCommand,
  findFreePort,
  waitForTemporalServer,
} from '../../src/dev-stack/temporal-cli/dev-server.ts'
import { PipelinesClient } from '../../src/pipelines/index.ts'
import {
  connectTemporal,
  endpointOptions,
  fromTemporal,
  lazyTemporalClient,
  pollersOf,
  requireStandaloneActivities,
  serverVersion,
} from '../../src/temporal/index.ts'
import { startProcess, type TestProcess } from '../helpers/processes.ts'

const cacheDir = process.env['XDG_CACHE_HOME'] ?? path.join(homedir(), '.cache')
const { timing } = loadConfig({})
let folder: string
beforeAll(async () => {
  folder = await mkdtemp(path.join(tmpdir(), 'jobwright-connection-'))
})
afterAll(() => rm(folder, { recursive: true, force: true }))

describe('a namespace without standalone activities', () => {
  let server: TestProcess
  let address: string
  beforeAll(async () => {
    const { path: binary } = await acquireTemporalBinary({ cacheDir })
    const port = await findFreePort()
    address = `127.0.0.1:${port}`
    const { command, args } = devServerCommand({ binary, dbFile: undefined, port, namespace: 'default' })
    const without = ['--dynamic-config-value', 'activity.enableStandalone=false']
    server = startProcess(command, [...args, ...without], {})
    await waitForTemporalServer({ address, namespace: 'default' })
  })
  afterAll(() => server?.stop())

  test('nobody polls where there is no worker', async () => {
    const client = await connectTemporal({ address, namespace: 'default' })
    onTestFinished(() => client.connection.close())
    expect(await pollersOf(client, 'jobwright', 'workflows')).toEqual([])
  })

  test('is refused with a sentence that says what to set', async () => {
    const client = await connectTemporal({ address, namespace: 'default' })
    try {
      const error = await requireStandaloneActivities(client).catch((reason: unknown) => reason)
      expect(error).toMatchObject({
        code: 'temporal_without_standalone_activities',
        message: expect.stringContaining('namespace default'),
        fix: expect.stringContaining('set the dynamic configuration value activity.enableStandalone to true'),
      })
    } finally {
      await client.connection.close()
    }
  })

  test('that does not exist is refused, whichever call meets it', async () => {
    const client = await connectTemporal({ address, namespace: 'nowhere' })
    const pipelines = new PipelinesClient(client, { timing })
    const refused = { fault: 'refused', message: expect.stringContaining('nowhere') }
    try {
      await expect(requireStandaloneActivities(client)).rejects.toMatchObject(refused)
      await expect(pipelines.show('x')).rejects.toMatchObject(refused)
      await expect(pipelines.list()).rejects.toMatchObject(refused)
      await expect(pipelines.cancel('x')).rejects.toMatchObject(refused)
    } finally {
      await client.connection.close()
    }
  })

  test('is refused by the stack before it starts anything', async () => {
    const events: string[] = []
    const starting = startStack({
      dataDir: path.join(folder, 'data'),
      host: '127.0.0.1',
      port: 0,
      temporal: { address, namespace: 'default' },
      cacheDir,
      environment: {},
      log: (event) => events.push(event.kind),
    })
    await expect(starting).rejects.toMatchObject({ code: 'temporal_without_standalone_activities' })
    expect(events).toEqual([])
  })
})

test('a call that Temporal does not answer is an outage, with the cause in its message', async () => {
  const client = lazyTemporalClient({ address: '127.0.0.1:1', namespace: 'default' })
  const pipelines = new PipelinesClient(client, { timing })
  try {
    const calls: (() => Promise<unknown>)[] = [
      () => pipelines.list(),
      () => pipelines.show('x'),
      () => serverVersion(client),
    ]
    for (const call of calls)
      await expect(client.withDeadline(Date.now() + 200, call)).rejects.toMatchObject({
        code: 'temporal_failed',
        fault: 'unreachable',
        message: expect.stringMatching(/DEADLINE_EXCEEDED|UNAVAILABLE/),
      })
  } finally {
    await client.connection.close()
  }
})

test('what is no failed call stays what it is', () => {
  const defect = new TypeError('x is not a function')
  expect(fromTemporal(defect)).toBe(defect)
})

describe('certificates', () => {
  const at = { address: '127.0.0.1:1', namespace: 'default' }

  test('need their key, and the other way round', () => {
    expect(() => endpointOptions({ ...at, tlsClientCertPath: '/a.pem' })).toThrow('expected both')
  })

  test('that do not fit their key, or are none, are named', async () => {
    const file = path.join(folder, 'not-a.pem')
    await writeFile(file, 'no certificate')
    const both = { tlsClientCertPath: file, tlsClientKeyPath: file }
    expect(() => endpointOptions({ ...at, ...both })).toThrow(
      /^TEMPORAL_TLS_CLIENT_CERT_PATH and TEMPORAL_TLS_CLIENT_KEY_PATH: .*not-a\.pem.* cannot be used together/,
    )
  })
})
