import type { PostgresPool, PostgresPoolClient } from 'kysely'
import type pg from 'pg'
import { codeOf } from '../../base/causes.ts'
import { storeUnavailable } from './errors.ts'

/**
 * What a PostgreSQL says that cannot serve now: it stops, starts or ends a connection (57P), is broken off (08), has no room,
 * memory or connection left (53), fails to read or write (58), or has become a standby (25006).
 */
const outageState = /^(57P|08|53|58|25006)/

function isOutage(error: unknown): boolean {
  return outageState.test(codeOf(error) ?? '')
}

/** A pool that throws `store_unavailable` where the database is gone; what a query did wrong stays the driver's error. */
export function tellingOutages(pool: pg.Pool): PostgresPool {
  const broken = new WeakSet<object>()
  // The driver's errors of a lost connection have no code, but it tells of the loss before it fails the query. Unheard,
  // the event would end the process.
  pool.on('connect', (client) => client.on('error', () => broken.add(client)))
  const guard = (client: pg.PoolClient): PostgresPoolClient => ({
    // Without cursors, which nothing here uses.
    query: ((sql: string, parameters: unknown[]) =>
      client.query(sql, parameters).catch((error: unknown) => {
        throw broken.has(client) || isOutage(error) ? storeUnavailable(error) : error
      })) as unknown as PostgresPoolClient['query'],
    release: (destroy) => client.release(destroy),
  })
  return {
    options: pool.options,
    end: () => pool.end(),
    async connect() {
      const client = await pool.connect().catch((error: unknown) => {
        throw storeUnavailable(error)
      })
      return guard(client)
    },
  }
}
