import { PGlite } from '@electric-sql/pglite'
import { type DatabaseConnection, type Dialect, Kysely, PGliteDialect, PostgresDialect } from 'kysely'
import pg from 'pg'
import type { Database } from '../../src/server/store/database.ts'
import type { Tables } from '../../src/server/store/tables.ts'

export interface SlowDatabase extends Database {
  /** From now on each statement waits for this first. */
  before: () => Promise<unknown>
}

/** The embedded database, whose statements take as long as a test wants. */
export async function openSlowPglite(directory: string): Promise<SlowDatabase> {
  const pglite = await PGlite.create(directory)
  return slowed(new PGliteDialect({ pglite }), async () => {
    if (!pglite.closed) await pglite.close()
  })
}

/** The same of a PostgreSQL. */
export function openSlowPostgres(databaseUrl: string): SlowDatabase {
  const pool = new pg.Pool({ connectionString: databaseUrl, max: 10 })
  pool.on('error', () => undefined)
  return slowed(new PostgresDialect({ pool }), async () => {})
}

function slowed(inner: Dialect, closeInner: () => Promise<void>): SlowDatabase {
  const known = new WeakSet<DatabaseConnection>()
  const dialect: Dialect = {
    createAdapter: () => inner.createAdapter(),
    createQueryCompiler: () => inner.createQueryCompiler(),
    createIntrospector: (db) => inner.createIntrospector(db),
    createDriver() {
      const driver = inner.createDriver()
      const acquire = driver.acquireConnection.bind(driver)
      driver.acquireConnection = async () => {
        const connection = await acquire()
        if (!known.has(connection)) {
          const execute = connection.executeQuery.bind(connection)
          connection.executeQuery = async (query) => {
            await database.before()
            return execute(query)
          }
          known.add(connection)
        }
        return connection
      }
      return driver
    },
  }
  const db = new Kysely<Tables>({ dialect })
  const database: SlowDatabase = {
    db,
    before: () => Promise.resolve(),
    async close() {
      await db.destroy()
      await closeInner()
    },
  }
  return database
}
