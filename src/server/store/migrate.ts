import type { Kysely } from 'kysely'
import { Migrator } from 'kysely/migration'
import { StoreOpenError } from './errors.ts'
import { migrations } from './migrations/index.ts'
import type { Tables } from './tables.ts'

/**
 * Brings the schema up to this version, all or nothing; servers that start together wait for each other
 * (an advisory lock on PostgreSQL, the process lock on PGlite).
 * @throws StoreOpenError `migration_failed`, also for a database that a newer version has migrated
 */
export async function migrate(db: Kysely<Tables>): Promise<void> {
  const migrator = new Migrator({ db, provider: { getMigrations: async () => ({ ...migrations }) } })
  const { error, results } = await migrator.migrateToLatest()
  if (error === undefined) return
  const failed = results?.find((result) => result.status === 'Error')?.migrationName
  const reason = error instanceof Error ? error.message : String(error)
  throw new StoreOpenError(
    'migration_failed',
    failed === undefined
      ? `The database schema cannot be brought up to date: ${reason}. Was it migrated by a newer version of Jobwright? Then run that one.`
      : `The migration ${failed} failed and was rolled back: ${reason}`,
    error,
  )
}
