import { rmSync } from 'node:fs'
import { mkdtemp } from 'node:fs/promises'
import { createRequire } from 'node:module'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { findFreePort, findSetpriv } from '../../src/dev-stack/temporal-cli/dev-server.ts'
import { startProcess } from '../../test/helpers/processes.ts'
import { until } from '../../test/helpers/until.ts'
import { startChild } from '../child.ts'
import type { InstantServer } from '../instant-server.ts'
import { type RunOne, runAll } from '../load.ts'
import { installPeer, PeerMissing } from '../peers/packages.ts'
import type { Arm } from './arm.ts'

const host = path.join(import.meta.dirname, '..', 'hosts', 'restate.ts')

/** A Restate server as it comes, and a service of one `ctx.run` a job run, called over its ingress. */
export async function startRestate(jobsApi: InstantServer): Promise<Arm> {
  const folder = await installPeer('restate')
  const data = await mkdtemp(path.join(tmpdir(), 'jobwright-bench-restate-'))
  const putAway = () => rmSync(data, { recursive: true, force: true })
  // Also by Ctrl-C.
  process.once('exit', putAway)
  const server = await startServer(folder, data)
  const port = await findFreePort()
  const service = await startChild(host, [folder, String(port), jobsApi.url, jobsApi.token])
  const stop = async () => {
    await service.stop()
    await server.process.stop()
    putAway()
    process.off('exit', putAway)
  }
  try {
    await register(server.adminUrl, `http://127.0.0.1:${port}`)
  } catch (error) {
    await stop()
    throw error
  }
  const runOne: RunOne = async (durations, shape) => {
    const response = await fetch(`${server.ingressUrl}/bench/run`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({ durations, shape }),
    })
    if (!response.ok) throw new Error(`Restate answered ${response.status}: ${await response.text()}`)
    await response.json()
    return ''
  }
  return {
    name: 'restate',
    title: 'Restate, a step function each',
    processes: [
      { label: 'service', pid: service.pid, counts: 'alone' },
      { label: 'Restate', pid: server.process.child.pid ?? 0, counts: 'tree' },
    ],
    run: (load) => runAll(load, runOne),
    async counts(load) {
      jobsApi.requests()
      await runAll(load, runOne)
      return { requests: jobsApi.requests() }
    },
    stop,
  }
}

async function startServer(folder: string, data: string) {
  const ports = [await findFreePort(), await findFreePort(), await findFreePort()] as const
  const [ingress, admin, node] = ports.map((port) => `127.0.0.1:${port}`) as [string, string, string]
  const binary = binaryIn(folder)
  const setpriv = await findSetpriv()
  const args = ['--no-logo', '--node-name', 'bench', '--listen-mode', 'tcp', '--base-dir', data]
  const [command, ...before] = setpriv ? [setpriv, '--pdeathsig', 'KILL', '--', binary] : [binary]
  const started = startProcess(command ?? binary, [...before, ...args], {
    RESTATE_INGRESS__BIND_ADDRESS: ingress,
    RESTATE_ADMIN__BIND_ADDRESS: admin,
    RESTATE_BIND_ADDRESS: node,
    RESTATE_ADVERTISED_ADDRESS: `http://${node}`,
    RESTATE_LOG_FILTER: 'warn',
    DO_NOT_TRACK: '1',
  })
  const adminUrl = `http://${admin}`
  try {
    const answers = (url: string) =>
      fetch(url).then(
        ({ ok }) => ok,
        () => false,
      )
    await until('Restate is up', () => answers(`${adminUrl}/health`), 60_000)
    await until('Restate takes calls', () => answers(`http://${ingress}/restate/health`), 60_000)
  } catch (error) {
    const said = started.stderr().slice(-1_000)
    await started.kill()
    throw new Error(`Restate did not start: ${said}`, { cause: error })
  }
  return { process: started, adminUrl, ingressUrl: `http://${ingress}` }
}

function binaryIn(folder: string): string {
  const name = `@restatedev/restate-server-${process.platform}-${process.arch}/bin/restate-server`
  try {
    return createRequire(path.join(folder, 'package.json')).resolve(name)
  } catch {
    throw new PeerMissing(`Restate has no server for ${process.platform} on ${process.arch}`)
  }
}

async function register(adminUrl: string, uri: string): Promise<void> {
  const response = await fetch(`${adminUrl}/deployments`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ uri }),
  })
  if (!response.ok) throw new Error(`Restate took no service: ${response.status} ${await response.text()}`)
}
