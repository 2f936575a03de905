import { createHash } from 'node:crypto'
import type { PostgresPool, PostgresPoolClient } from 'kysely'
import type pg from 'pg'
import { codeOf } from '../../base/causes.ts'
import { storeUnavailable } from './errors.ts'
import { createNamedStatements } from './named-statements.ts'

/**
 * What a PostgreSQL says that cannot serve now: it stops, starts or ends a connection (57P), is broken off (08), has no room,
 * memory or connection left (53), fails to read or write (58), or has become a standby (25006).
 */
const outageState = /^(57P|08|53|58|25006)/

function isOutage(error: unknown): boolean {
  return outageState.test(codeOf(error) ?? '')
}

/** Whether it is worth a plan. */
const isKept = (sql: string) => /^\s*(with|select|insert|update|delete)\b/i.test(sql)

/** A pool that throws `store_unavailable` where the database is gone; what a query did wrong stays the driver's error. Statements that come again are kept prepared. */
export function tellingOutages(pool: pg.Pool): PostgresPool {
  const broken = new WeakSet<object>()
  // The driver's errors of a lost connection have no code, but it tells of the loss before it fails the query. Unheard,
  // the event would end the process.
  pool.on('connect', (client) => client.on('error', () => broken.add(client)))
  const named = createNamedStatements((sql) => createHash('sha256').update(sql).digest('hex').slice(0, 32))
  const send = async (client: pg.PoolClient, text: string, values: unknown[]) => {
    const name = isKept(text) ? named.nameOf(text) : undefined
    if (name === undefined) return client.query(text, values)
    try {
      return await client.query({ name, text, values })
    } catch (error) {
      if (!named.isRefused(error)) throw error
      // In a transaction that fails, as all that follows does there; it is run once more as after a deadlock.
      return client.query(text, values).catch(() => {
        throw error
      })
    }
  }
  const guard = (client: pg.PoolClient): PostgresPoolClient => ({
    // Without cursors, which nothing here uses.
    query: ((sql: string, parameters: unknown[]) =>
      send(client, sql, parameters).catch((error: unknown) => {
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
