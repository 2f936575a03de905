import path from 'node:path'
import { startChild } from '../child.ts'
import type { InstantServer } from '../instant-server.ts'
import type { Done, Load } from '../load.ts'
import { installPeer } from '../peers/packages.ts'
import { startBenchPostgres } from '../postgres.ts'
import type { Arm } from './arm.ts'

const host = path.join(import.meta.dirname, '..', 'hosts', 'dbos.ts')

/** A program with DBOS over a PostgreSQL of its own: one step function a job run, called in that program. */
export async function startDbos(jobsApi: InstantServer): Promise<Arm> {
  const folder = await installPeer('dbos')
  const postgres = await startBenchPostgres()
  const database = new URL(postgres.url)
  database.pathname = '/dbos_bench'
  const started = startChild<{ run(load: Load): Done }>(host, [
    folder,
    database.href,
    jobsApi.url,
    jobsApi.token,
  ])
  const program = await started.catch(async (error: unknown) => {
    await postgres.stop()
    throw error
  })
  return {
    name: 'dbos',
    title: 'DBOS, a step function each',
    processes: [
      { label: 'program', pid: program.pid, counts: 'alone' },
      { label: 'PostgreSQL', pid: postgres.pid, counts: 'tree' },
    ],
    run: (load) => program.ask('run', load),
    async counts(load) {
      jobsApi.requests()
      const before = await postgres.statements()
      await program.ask('run', load)
      const after = await postgres.statements()
      return {
        requests: jobsApi.requests(),
        ...(before === undefined || after === undefined ? {} : { statements: after - before }),
      }
    },
    async stop() {
      await program.stop()
      await postgres.stop()
    },
  }
}
