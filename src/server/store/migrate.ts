import type { Kysely } from 'kysely'
import { Migrator } from 'kysely/migration'
import { messageOf } from '../../base/causes.ts'
import { cannotOpen } from './errors.ts'
import { migrations } from './migrations/index.ts'
import type { Tables } from './tables.ts'

/**
 * Brings the schema up to this version, all or nothing; servers that start together wait for each other
 * (an advisory lock on PostgreSQL, the process lock on PGlite).
 * @throws JobwrightError `migration_failed`, also for a database that a newer version has migrated
 */
export async function migrate(db: Kysely<Tables>): Promise<void> {
  const migrator = new Migrator({ db, provider: { getMigrations: async () => ({ ...migrations }) } })
  const { error, results } = await migrator.migrateToLatest()
  if (error === undefined) return
  const failed = results?.find((result) => result.status === 'Error')?.migrationName
  const reason = messageOf(error)
  throw cannotOpen(
    'migration_failed',
    failed === undefined
      ? {
          message: `The database schema cannot be brought up to date: ${reason}`,
          fix: 'was it migrated by a newer version of Jobwright? Then run that one',
          cause: error,
        }
      : { message: `The migration ${failed} failed and was rolled back: ${reason}`, cause: error },
  )
}
