import { fork } from 'node:child_process'
import { once } from 'node:events'
import { writeFile } from 'node:fs/promises'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import path from 'node:path'
import { fileURLToPath } from 'node:url'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { makeDataFolder, removeDataFolder } from './helpers/data-folder.ts'
import { placePglite } from './helpers/pglite.ts'
import { startProcess, type TestProcess } from './helpers/processes.ts'
import { until } from './helpers/until.ts'

const root = fileURLToPath(new URL('../src/server.ts', import.meta.url))

let folder: string
beforeAll(async () => {
  folder = makeDataFolder('server')
  for (const dataDir of ['restart', 'port', 'shared', 'defect', 'parent'])
    await placePglite(path.join(folder, dataDir))
})
afterAll(() => removeDataFolder(folder))

function environment(dataDir: string, more: Record<string, string> = {}): Record<string, string> {
  return {
    // Nothing listens there: the server must do without.
    TEMPORAL_ADDRESS: '127.0.0.1:1',
    DATABASE_URL: '',
    JOBWRIGHT_CONFIG: '',
    JOBWRIGHT_DATA_DIR: path.join(folder, dataDir),
    JOBWRIGHT_HOST: '127.0.0.1',
    JOBWRIGHT_PORT: '0',
    JOBWRIGHT_TOKENS: 'lab/me@example.com=user-token-that-is-long-enough',
    JOBWRIGHT_WORKER_TOKEN: 'worker-token-that-is-long-enough',
    JOBWRIGHT_LOG_LEVEL: 'info',
    ...more,
  }
}

function start(dataDir: string, more?: Record<string, string>): TestProcess {
  return startProcess(process.execPath, [root], environment(dataDir, more))
}

async function listening(server: TestProcess): Promise<string> {
  return String((await server.event('listening'))['url'])
}

async function call(url: string, method = 'GET', body?: object, token = 'user-token-that-is-long-enough') {
  const response = await fetch(url, {
    method,
    headers: { Authorization: `Bearer ${token}`, 'Content-Type': 'application/json' },
    ...(body ? { body: JSON.stringify(body) } : {}),
  })
  // biome-ignore lint/suspicious/noExplicitAny: what an answer holds is what the test is about
  return { status: response.status, json: (await response.json()) as any }
}

async function ends(server: TestProcess): Promise<number | null> {
  if (server.child.exitCode === null) await once(server.child, 'exit')
  return server.child.exitCode
}

describe('the server process', () => {
  it('ends when told to, even while its config file never finishes loading', async () => {
    const file = path.join(folder, 'endless.config.mjs')
    await writeFile(
      file,
      "console.error('loading'); setInterval(() => {}, 1000); await new Promise(() => {})",
    )
    const server = start('endless', { JOBWRIGHT_CONFIG: file })
    await until('the file is being loaded', () => server.stderr().includes('loading'))
    expect(await server.stop()).toBe(0)
  })

  it('serves without Temporal, drains when told to end, and has everything again after a restart', async () => {
    const first = start('restart')
    const url = await listening(first)
    expect(url).toMatch(/^http:\/\/127\.0\.0\.1:\d+\/api\/v1$/)
    const job = (
      await call(`${url}/jobs`, 'POST', { job_type: 'sleep', config: { job_type: 'sleep', duration: '1s' } })
    ).json
    expect(job).toMatchObject({ created_by: 'me@example.com' })
    const run = (await call(`${url}/job-runs`, 'POST', { job_id: job.uuid })).json
    expect(
      (
        await call(
          `${url}/worker/job-runs/${run.uuid}/start`,
          'POST',
          { attempt: 1, worker: 'w' },
          'worker-token-that-is-long-enough',
        )
      ).json.action,
    ).toBe('execute')

    await until('it noticed that Temporal is away', () => first.stderr().includes('Temporal fails'))
    const polling = call(`${url}/job-runs/${run.uuid}?wait=60`)
    // The poll is under way once a request behind it was answered.
    await call(`${url}/capabilities`)
    expect(await first.stop()).toBe(0)
    expect((await polling).json.status).toBe('running')

    const second = start('restart')
    const again = await listening(second)
    expect((await call(`${again}/job-runs/${run.uuid}`)).json).toMatchObject({
      uuid: run.uuid,
      status: 'running',
    })
    expect(await second.stop()).toBe(0)
    const outages = first
      .stderr()
      .split('\n')
      .filter((line) => line.includes('Temporal fails'))
    expect(outages).toHaveLength(1)
    for (const text of [first.stderr(), second.stderr()])
      expect(text).not.toMatch(/user-token-that-is-long-enough|worker-token/)
  })

  it('says which port is taken and how to choose another', async () => {
    const occupant = createServer().listen(0, '127.0.0.1')
    await once(occupant, 'listening')
    const { port } = occupant.address() as AddressInfo
    const server = start('port', { JOBWRIGHT_PORT: String(port) })
    expect(await ends(server)).toBe(3)
    expect(server.stderr()).toContain(`Port ${port} on 127.0.0.1 is in use`)
    expect(server.stderr()).toContain('JOBWRIGHT_PORT')
    occupant.close()
  })

  it('says which job type cannot be offered, and that it has to be written differently', async () => {
    const config = path.join(folder, 'jobwright.config.ts')
    const library = fileURLToPath(new URL('../src/built-in/index.ts', import.meta.url))
    await writeFile(
      config,
      `import { builtInJobTypes } from ${JSON.stringify(library)}\nexport const jobTypes = [builtInJobTypes[0]]\n`,
    )
    const server = start('job-type', { JOBWRIGHT_CONFIG: config })
    expect(await ends(server)).toBe(2)
    expect(server.stderr()).toMatch(/^jobwright server: two job types are named sleep/)
  })

  it('says which database does not answer, and not its password', async () => {
    const server = start('postgres', { DATABASE_URL: 'postgresql://me:hunter2@127.0.0.1:1/jobs' })
    expect(await ends(server)).toBe(3)
    expect(server.stderr()).toContain('127.0.0.1:1/jobs')
    expect(server.stderr()).toContain('ECONNREFUSED')
    expect(server.stderr()).not.toContain('hunter2')
  })

  it('does not share its embedded database with a second process', async () => {
    const first = start('shared')
    await listening(first)
    const second = start('shared')
    expect(await ends(second)).toBe(3)
    expect(second.stderr()).toContain(String(first.child.pid))
    await first.stop()
  })

  it('refuses an environment that it cannot use', async () => {
    const server = start('environment', { JOBWRIGHT_PORT: 'eighty' })
    expect(await ends(server)).toBe(2)
    expect(server.stderr()).toContain('JOBWRIGHT_PORT')
  })

  it('takes what nobody expected for a defect, whatever its code, and shows where it happened', async () => {
    const file = path.join(folder, 'breaking.config.mjs')
    await writeFile(
      file,
      "process.stdout.write = () => { throw Object.assign(new Error('boom'), { code: 'port_in_use' }) }\nexport const secrets = {}\n",
    )
    const server = start('defect', { JOBWRIGHT_CONFIG: file })
    expect(await ends(server)).toBe(70)
    expect(server.stderr()).toMatch(/^jobwright server: Error: boom\n\s+at .*breaking\.config\.mjs/m)
  })

  it('ends when its parent is gone', async () => {
    const child = fork(root, [], {
      env: { ...process.env, ...environment('parent') },
      stdio: ['ignore', 'pipe', 'ignore', 'ipc'],
    })
    try {
      let said = ''
      child.stdout?.on('data', (chunk: Buffer) => {
        said += chunk.toString()
      })
      await until('it listens', () => said.includes('listening'))
      child.disconnect()
      const [code] = await once(child, 'exit')
      expect(code).toBe(0)
    } finally {
      child.kill('SIGKILL')
    }
  })
})
