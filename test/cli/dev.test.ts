import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { stat } from 'node:fs/promises'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import path from 'node:path'
import { describe, expect, onTestFinished, test } from 'vitest'
import { withDataFolder } from '../helpers/data-folder.ts'
import { placePglite } from '../helpers/pglite.ts'
import { until } from '../helpers/until.ts'
import { workflowBundle } from '../helpers/workflow-bundle.ts'
import { binary, cleanEnvironment, jobwright, withTempDir } from './helpers.ts'
import { isRunning } from './processes.ts'

/** A proxy that passes nothing on, and every variable that names it. */
async function startTrap() {
  const requests: string[] = []
  const server = createServer((request, response) => {
    requests.push(`${request.method} ${request.url}`)
    response.writeHead(502).end()
  })
  server.on('connect', (request, socket) => {
    requests.push(`CONNECT ${request.url}`)
    socket.end('HTTP/1.1 502 Bad Gateway\r\n\r\n')
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  onTestFinished(() => void server.close())
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`
  const variables = ['http_proxy', 'https_proxy', 'grpc_proxy', 'all_proxy'].flatMap((name) => [
    name,
    name.toUpperCase(),
  ])
  const everywhere = Object.fromEntries(variables.map((name) => [name, url]))
  return { requests, variables, everywhere: { ...everywhere, NODE_USE_ENV_PROXY: '1' } }
}

describe('jobwright dev', () => {
  test('starts a stack that the other commands find by its data directory, whatever proxies are set, and ends it on Ctrl-C', async () => {
    const proxy = await startTrap()
    await withTempDir(async (cwd) => {
      const env = {
        JOBWRIGHT_DATA_DIR: path.join(cwd, '.jobwright'),
        JOBWRIGHT_LOG_LEVEL: 'warn',
        ...proxy.everywhere,
        no_grpc_proxy: 'internal.example',
      }
      const here = { cwd, env }
      let looked: Promise<unknown> | undefined
      let pids: Record<string, number> = {}
      const outcome = await jobwright(['dev', '--port', '0', '--output', 'json'], {
        ...here,
        onOutput: ({ stdout }, kill) => {
          if (!stdout.endsWith('}\n')) return
          looked ??= look(JSON.parse(stdout)).finally(() => kill('SIGINT'))
        },
      })
      await looked
      expect(outcome.code, outcome.stderr).toBe(0)
      expect(outcome.stderr).toContain('Stack stopped')
      expect(Object.values(pids).filter(isRunning)).toEqual([])
      expect(proxy.requests).toEqual([])

      async function look(info: {
        api_url: string
        token_file: string
        data_dir: string
        pids: typeof pids
      }) {
        pids = info.pids
        expect(Object.keys(pids).sort()).toEqual(['owner', 'server', 'temporal', 'worker'])
        expect((await stat(info.token_file)).mode & 0o077).toBe(0)
        const schemas = await jobwright(['jobs', 'schemas', '--output', 'json'], here)
        expect(schemas.code, schemas.stderr).toBe(0)
        expect(JSON.parse(schemas.stdout).map((entry: { job_type: string }) => entry.job_type)).toContain(
          'sleep',
        )
        const doctor = await jobwright(['doctor', '--output', 'json'], here)
        const { healthy, checks } = JSON.parse(doctor.stdout)
        expect(healthy).toBe(true)
        const named = checks.find((check: { name: string }) => check.name === 'proxy')
        expect(named.detail).toContain(`${proxy.variables.join(', ')} are set`)
        const runs = await jobwright(['runs', '--output', 'json'], here)
        expect(JSON.parse(runs.stdout)).toEqual({ items: [], count: 0 })

        const second = await jobwright(['dev', '--port', '0'], here)
        expect(second).toMatchObject({ code: 3, stdout: '' })
        expect(second.stderr).toContain('error data_dir_in_use')
        expect(second.stderr).toContain(`process ${pids.owner}`)
        const port = new URL(info.api_url).port
        const other = await jobwright(['dev', '--port', port], {
          cwd,
          env: { ...env, JOBWRIGHT_DATA_DIR: path.join(cwd, 'other') },
        })
        expect(other).toMatchObject({ code: 3, stdout: '' })
        expect(other.stderr).toContain('error port_in_use')
        expect(other.stderr).toContain(port)
        expect(other.stderr).toContain('JOBWRIGHT_PORT')
      }
    })
  })

  test('killed, leaves no process behind and its port free', async () => {
    await withDataFolder('dev', async (cwd) => {
      const dataDir = path.join(cwd, 'data')
      await placePglite(dataDir)
      const env = cleanEnvironment({
        JOBWRIGHT_DATA_DIR: dataDir,
        JOBWRIGHT_WORKFLOW_BUNDLE: await workflowBundle(),
        JOBWRIGHT_LOG_LEVEL: 'warn',
      })
      const child = spawn(binary, ['dev', '--port', '0', '--output', 'json'], {
        cwd,
        env,
        stdio: ['ignore', 'pipe', 'ignore'],
      })
      onTestFinished(() => void child.kill('SIGKILL'))
      const [said] = (await once(child.stdout, 'data')) as [Buffer]
      const { pids, api_url } = JSON.parse(String(said)) as { pids: Record<string, number>; api_url: string }
      expect(pids.owner).toBe(child.pid)
      child.kill('SIGKILL')
      await until('all processes to be gone', () => !Object.values(pids).some(isRunning))
      await expect(fetch(api_url)).rejects.toThrow()
    })
  })
})
