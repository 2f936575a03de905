import path from 'node:path'
import { type Child, startChild } from '../child.ts'
import type { CheckoutQuestions } from '../hosts/checkout.ts'
import type { Load } from '../load.ts'
import { type BenchPostgres, startBenchPostgres } from '../postgres.ts'
import type { Arm, CountedProcess, Counts } from './arm.ts'

export interface CheckoutOptions {
  name: string
  title: string
  /** Where its sources are. */
  checkout: string
  /** Left out: the API server of the stack itself. */
  jobsApi?: { url: string; token: string; requests(): Record<string, number> }
  postgres?: boolean
  /** Where its processes leave their CPU profiles. */
  profile?: string | undefined
}

const host = path.join(import.meta.dirname, '..', 'hosts', 'checkout.ts')

/** A stack of a checkout, whose job runs are its own server's or those of another Jobs API. */
export async function startCheckout(options: CheckoutOptions): Promise<Arm & { temporalAddress: string }> {
  const { name, title, checkout, jobsApi } = options
  const postgres = options.postgres ? await startBenchPostgres() : undefined
  const env = jobsApi
    ? {
        JOBS_API_URL: jobsApi.url,
        JOBS_API_TOKEN: jobsApi.token,
        JOBWRIGHT_URL: '',
        JOBWRIGHT_WORKER_TOKEN: '',
      }
    : { ...(postgres ? { DATABASE_URL: postgres.url } : {}) }
  const profiled = options.profile
    ? {
        NODE_OPTIONS: `--max-semi-space-size=4 --cpu-prof --cpu-prof-dir=${path.resolve(options.profile, name)}`,
      }
    : {}
  const parts = jobsApi ? 'temporal,worker' : 'temporal,server,worker'
  const start = (more: string[], over = {}) =>
    startChild<CheckoutQuestions>(host, [
      checkout,
      '--parts',
      parts,
      '--env',
      JSON.stringify({ ...env, ...profiled, ...over }),
      ...more,
    ])
  try {
    const stack = await start([])
    return {
      name,
      title,
      temporalAddress: await stack.ask('address'),
      processes: processesOf(await stack.ask('pids'), jobsApi !== undefined, postgres),
      run: (load) => stack.ask('run', load),
      async counts(load) {
        if (jobsApi) {
          jobsApi.requests()
          const { ids } = await stack.ask('run', load)
          return { ...(await stack.ask('events', ids)), requests: jobsApi.requests() }
        }
        return countsOfOwnStack(start, load, options.postgres ?? false)
      },
      async stop() {
        await stack.stop()
        await postgres?.stop()
      },
    }
  } catch (error) {
    await postgres?.stop()
    throw error
  }
}

function processesOf(
  pids: Awaited<ReturnType<CheckoutQuestions['pids']>>,
  isForeign: boolean,
  postgres: BenchPostgres | undefined,
): CountedProcess[] {
  const temporal = { label: 'Temporal', pid: pids.temporal, counts: 'tree' as const }
  const worker = { label: 'worker', pid: pids.worker, counts: 'alone' as const }
  if (isForeign) return [worker, temporal]
  return [
    worker,
    { label: 'handlers', pid: pids.worker, counts: 'children' },
    temporal,
    { label: postgres ? 'API' : 'API with PGlite', pid: pids.server, counts: 'tree' },
    ...(postgres ? [{ label: 'PostgreSQL', pid: postgres.pid, counts: 'tree' as const }] : []),
  ]
}

type Start = (more: string[], env?: Record<string, string>) => Promise<Child<CheckoutQuestions>>

/** On a second stack of the same kind, with a proxy before its API server, which would be in the way of time. */
async function countsOfOwnStack(start: Start, load: Load, hasPostgres: boolean): Promise<Counts> {
  const postgres = hasPostgres ? await startBenchPostgres() : undefined
  let counted: Child<CheckoutQuestions> | undefined
  try {
    counted = await start(['--count'], {
      NODE_OPTIONS: '',
      ...(postgres ? { DATABASE_URL: postgres.url } : {}),
    })
    // What is made once (a watcher, prepared statements) belongs to no run.
    await counted.ask('run', { ...load, runs: 1, atOnce: 1 })
    await counted.ask('requests')
    const before = await postgres?.statements()
    const { ids } = await counted.ask('run', load)
    const requests = await counted.ask('requests')
    const after = await postgres?.statements()
    return {
      ...(await counted.ask('events', ids)),
      requests,
      ...(before === undefined || after === undefined ? {} : { statements: after - before }),
    }
  } finally {
    await counted?.stop()
    await postgres?.stop()
  }
}
