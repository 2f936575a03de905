import { readFileSync } from 'node:fs'
import path from 'node:path'
import pg from 'pg'
import { startOwnPostgres } from '../test/helpers/postgres.ts'

export interface BenchPostgres {
  url: string
  /** Of the postmaster. */
  pid: number
  /** SQL statements so far; undefined: this PostgreSQL does not count them. */
  statements(): Promise<number | undefined>
  stop(): Promise<void>
}

/** A PostgreSQL as it comes, durable commits included, which counts its statements where it can. */
export async function startBenchPostgres(): Promise<BenchPostgres> {
  const server = await startOwnPostgres({
    flags: ['-c', 'shared_preload_libraries=pg_stat_statements', '-c', 'max_connections=200'],
  })
  const pool = new pg.Pool({ connectionString: server.url, max: 1 })
  const counts = await pool.query('create extension if not exists pg_stat_statements').then(
    () => true,
    () => false,
  )
  return {
    url: server.url,
    pid: Number(readFileSync(path.join(server.directory, 'postmaster.pid'), 'utf8').split('\n')[0]),
    async statements() {
      if (!counts) return undefined
      const { rows } = await pool.query<{ calls: string }>(
        "select sum(calls) as calls from pg_stat_statements where query not like '%pg_stat_statements%'",
      )
      return Number(rows[0]?.calls ?? 0)
    },
    async stop() {
      await pool.end()
      await server.stop()
    },
  }
}
