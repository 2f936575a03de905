import { execFile, spawn } from 'node:child_process'
import { once } from 'node:events'
import { type AddressInfo, createServer, type Socket } from 'node:net'
import { tmpdir } from 'node:os'
import { promisify } from 'node:util'
import { describe, expect, onTestFinished, test } from 'vitest'
import { findFreePort } from '../../src/dev-stack/temporal-cli/free-port.ts'
import { withDataFolder } from '../helpers/data-folder.ts'
import { placePglite } from '../helpers/pglite.ts'
import { binary, cleanEnvironment, jobwright } from './helpers.ts'

/** Starts `jobwright server` on data of its own, and sends it a signal once it listens. */
async function serverThatGets(signal: NodeJS.Signals, cwd: string) {
  await placePglite(cwd)
  let url = ''
  const outcome = await jobwright(['server'], {
    cwd,
    env: { JOBWRIGHT_DATA_DIR: cwd, JOBWRIGHT_PORT: '0', JOBWRIGHT_LOG_LEVEL: 'warn' },
    onOutput: ({ stdout }, kill) => {
      if (url !== '' || !stdout.endsWith('\n')) return
      url = (JSON.parse(stdout) as { url: string }).url
      kill(signal)
    },
  })
  return { ...outcome, url }
}

/** As a supervisor starts it: the file itself, whatever Node.js is about. */
function start(args: string[], env: Record<string, string>) {
  const child = spawn(binary, args, {
    cwd: tmpdir(),
    env: cleanEnvironment({ JOBWRIGHT_LOG_LEVEL: 'warn', ...env }),
    stdio: ['ignore', 'pipe', 'inherit'],
  })
  onTestFinished(() => void child.kill('SIGKILL'))
  return child
}

async function childrenOf(pid: number | undefined): Promise<string[]> {
  const { stdout } = await promisify(execFile)('ps', ['-A', '-o', 'ppid=,args='])
  return stdout.split('\n').filter((line) => line.trim().startsWith(`${pid} `))
}

describe('jobwright server', () => {
  test.each(['SIGTERM', 'SIGINT'] as const)('drains and exits 0 on %s', async (signal) => {
    await withDataFolder('server', async (cwd) => {
      const { code, url, stderr } = await serverThatGets(signal, cwd)
      expect(code, stderr).toBe(0)
      await expect(fetch(url)).rejects.toThrow()
    })
  })

  test('is the process that was started: killed, it is gone', async () => {
    await withDataFolder('server', async (cwd) => {
      await placePglite(cwd)
      const child = start(['server'], { JOBWRIGHT_DATA_DIR: cwd, JOBWRIGHT_PORT: '0' })
      const [said] = (await once(child.stdout, 'data')) as [Buffer]
      const { url } = JSON.parse(String(said)) as { url: string }
      expect((await fetch(`${new URL(url).origin}/healthz`)).status).toBe(200)
      expect(await childrenOf(child.pid)).toEqual([])
      child.kill('SIGKILL')
      await once(child, 'exit')
      await expect(fetch(url)).rejects.toThrow()
    })
  })

  test('--plain has no extension', async () => {
    await withDataFolder('server', async (cwd) => {
      await placePglite(cwd)
      const child = start(['server', '--plain'], { JOBWRIGHT_DATA_DIR: cwd, JOBWRIGHT_PORT: '0' })
      const [said] = (await once(child.stdout, 'data')) as [Buffer]
      const { url } = JSON.parse(String(said)) as { url: string }
      expect((await fetch(`${url}/capabilities`)).status).toBe(404)
      expect((await fetch(`${url}/jobs`)).status).toBe(401)
    })
  })

  test('without a terminal goes on after SIGHUP, as nohup asks', async () => {
    await withDataFolder('server', async (cwd) => {
      await placePglite(cwd)
      const child = start(['server'], { JOBWRIGHT_DATA_DIR: cwd, JOBWRIGHT_PORT: '0' })
      const [said] = (await once(child.stdout, 'data')) as [Buffer]
      const { url } = JSON.parse(String(said)) as { url: string }
      child.kill('SIGHUP')
      // Whatever the signal does, it has done before the next one.
      child.kill('SIGCONT')
      expect((await fetch(`${new URL(url).origin}/healthz`)).status).toBe(200)
      child.kill('SIGTERM')
      expect(await once(child, 'exit')).toEqual([0, null])
    })
  })
})

describe('jobwright worker', () => {
  test('is the process that was started: killed, it is gone', async () => {
    // It has more than one connection.
    const temporal = createServer((each) => void each.on('error', () => undefined).resume())
    temporal.listen(0, '127.0.0.1')
    await once(temporal, 'listening')
    const { port } = temporal.address() as AddressInfo
    const child = start(['worker'], { TEMPORAL_ADDRESS: `127.0.0.1:${port}` })
    const [socket] = (await once(temporal, 'connection')) as [Socket]
    expect(await childrenOf(child.pid)).toEqual([])
    const closed = once(socket.on('error', () => undefined).resume(), 'close')
    child.kill('SIGKILL')
    await closed
    temporal.close()
    // Nobody is left who would connect again.
    await once(temporal, 'close')
  })

  test('says which Temporal does not answer and what to do, and exits 3', async () => {
    const address = `127.0.0.1:${await findFreePort()}`
    const { code, stdout, stderr } = await jobwright(['worker'], { env: { TEMPORAL_ADDRESS: address } })
    expect({ code, stdout }).toEqual({ code: 3, stdout: '' })
    expect(stderr).toMatch(
      /^jobwright worker: Temporal at 127\.0\.0\.1:\d+ does not answer: .*ECONNREFUSED.*\n {2}→ start it, or correct TEMPORAL_ADDRESS/m,
    )
  })

  test('refuses certificates that cannot be read, and exits 2', async () => {
    const { code, stderr } = await jobwright(['worker'], {
      env: { TEMPORAL_TLS_SERVER_CA_CERT_PATH: '/no/such.pem' },
    })
    expect(code).toBe(2)
    expect(stderr).toContain(
      'jobwright worker: TEMPORAL_TLS_SERVER_CA_CERT_PATH: cannot read /no/such.pem (ENOENT)',
    )
  })
})
