import { sql } from 'kysely'
import type { JobStore } from '../ports/index.ts'
import { startBackstop } from './backstop.ts'
import { createChanges } from './changes.ts'
import type { StoreContext } from './context.ts'
import { type Database, openEmbedded, openPostgres } from './database.ts'
import { createDispatch, forgetDeadClaims } from './dispatch.ts'
import { createDocuments } from './documents.ts'
import { createJobs } from './jobs.ts'
import { createMetagraphs } from './metagraphs.ts'
import { migrate } from './migrate.ts'
import { createNotifier } from './notifier.ts'
import { createRecent } from './recent.ts'
import { createReports } from './reports.ts'
import { createRuns } from './runs.ts'
import { createSavedPipelines } from './saved-pipelines.ts'
import { createTokens } from './tokens.ts'

export type StoreOptions = (
  | {
      /**
       * `postgresql://…`: any number of servers may share it. They tell each other of changes by LISTEN and NOTIFY. Behind a
       * pooler in transaction mode that does not get through: other servers' changes are then seen within 30 s. Connect directly, or in session mode.
       */
      databaseUrl: string
      /** One connection more listens. @default 10 */
      poolSize?: number
    }
  | {
      /** PGlite in `dataDir`/pgdata, for one process at a time. */
      dataDir: string
    }
) & {
  /** How long a dispatched run may be silent before `dispatch.claimUnreported` names it. @default 30_000 */
  reportPatienceMs?: number
  /** How often it is looked whether a notification was lost. @default 30_000 */
  backstopMs?: number
}

/**
 * Opens the database, brings its schema up to date and answers the store over it.
 * @throws JobwrightError when it cannot be opened or migrated
 * @throws ProcessLockedError while another process has the embedded database open
 */
export async function openStore(options: StoreOptions): Promise<JobStore> {
  const database =
    'databaseUrl' in options
      ? await openPostgres(options.databaseUrl, options.poolSize ?? 10)
      : await openEmbedded(options.dataDir)
  return storeOver(database, options)
}

/** The store over a database that is open; it closes the database when it closes, and when the migration fails. */
export async function storeOver(
  database: Database,
  tuning: Pick<StoreOptions, 'reportPatienceMs' | 'backstopMs'>,
): Promise<JobStore> {
  const { db } = database
  try {
    await migrate(db)
    await forgetDeadClaims(db, database.listen === undefined)
  } catch (error) {
    await database.close()
    throw error
  }
  const notifier = createNotifier()
  const backstop = startBackstop(db, notifier, tuning.backstopMs)
  const listening = await database.listen?.(notifier)
  const context: StoreContext = {
    db,
    notifier,
    reportPatienceMs: tuning.reportPatienceMs ?? 30_000,
    starts: { taker: undefined },
    owners: createRecent({ size: 1_000, ageMs: 600_000 }),
  }
  return {
    tokens: createTokens(context),
    jobs: createJobs(context),
    runs: createRuns(context),
    changes: createChanges(context),
    documents: createDocuments(context),
    metagraphs: createMetagraphs(context),
    pipelines: createSavedPipelines(context),
    reports: createReports(context),
    dispatch: createDispatch(context),
    installationId: once(async () => {
      const { id } = await db.selectFrom('installation').select('id').executeTakeFirstOrThrow()
      return id
    }),
    async ping() {
      await sql`select 1`.execute(db)
    },
    async close() {
      notifier.close()
      await Promise.all([backstop.close(), listening?.close()])
      await database.close()
    },
  }
}

/** Asked once; a question that failed is asked again. */
function once<T>(ask: () => Promise<T>): () => Promise<T> {
  let answer: Promise<T> | undefined
  return async () => {
    answer ??= ask()
    try {
      return await answer
    } catch (error) {
      answer = undefined
      throw error
    }
  }
}
