import { PGlite } from '@electric-sql/pglite'
import { type DatabaseConnection, type Dialect, Kysely, PGliteDialect } from 'kysely'
import type { Database } from '../../src/server/store/database.ts'
import type { Tables } from '../../src/server/store/tables.ts'

export interface SlowDatabase extends Database {
  /** From now on each statement waits for this first. */
  before: () => Promise<unknown>
}

/** The embedded database, whose statements take as long as a test wants. */
export async function openSlowPglite(directory: string): Promise<SlowDatabase> {
  const pglite = await PGlite.create(directory)
  const inner = new PGliteDialect({ pglite })
  const slowed = new WeakSet<DatabaseConnection>()
  const dialect: Dialect = {
    createAdapter: () => inner.createAdapter(),
    createQueryCompiler: () => inner.createQueryCompiler(),
    createIntrospector: (db) => inner.createIntrospector(db),
    createDriver() {
      const driver = inner.createDriver()
      const acquire = driver.acquireConnection.bind(driver)
      driver.acquireConnection = async () => {
        const connection = await acquire()
        if (!slowed.has(connection)) {
          const execute = connection.executeQuery.bind(connection)
          connection.executeQuery = async (query) => {
            await database.before()
            return execute(query)
          }
          slowed.add(connection)
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
      if (!pglite.closed) await pglite.close()
    },
  }
  return database
}
