import path from 'node:path'
import { startChild } from '../child.ts'
import type { InstantServer } from '../instant-server.ts'
import type { Done, Load } from '../load.ts'
import type { Arm } from './arm.ts'

const host = path.join(import.meta.dirname, '..', 'hosts', 'plain.ts')

export async function startPlain(jobsApi: InstantServer): Promise<Arm> {
  const loop = await startChild<{ run(load: Load): Done }>(host, [jobsApi.url, jobsApi.token])
  return {
    name: 'plain',
    title: 'plain loop, not durable',
    processes: [{ label: 'program', pid: loop.pid, counts: 'alone' }],
    run: (load) => loop.ask('run', load),
    async counts(load) {
      jobsApi.requests()
      await loop.ask('run', load)
      return { requests: jobsApi.requests() }
    },
    stop: () => loop.stop(),
  }
}
