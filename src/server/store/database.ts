import { randomBytes } from 'node:crypto'
import { mkdir } from 'node:fs/promises'
import path from 'node:path'
import { Kysely, type KyselyConfig, PostgresDialect } from 'kysely'
import pg from 'pg'
import { codeOf, messageOf } from '../../base/causes.ts'
import { keepOutOfGit } from '../../base/data-folder.ts'
import { acquireProcessLock } from '../../base/process-lock.ts'
import { listenForAnnouncements } from './announcements.ts'
import { embeddedBytes } from './embedded-bytes.ts'
import { embeddedDialect } from './embedded-dialect.ts'
import { cannotOpen } from './errors.ts'
import type { Notifier } from './notifier.ts'
import { tellingOutages } from './outages.ts'
import type { Tables } from './tables.ts'

export interface Database {
  db: Kysely<Tables>
  /** Has `notifier` told of what other servers on this database commit; absent where there can be none. */
  listen?(notifier: Notifier): Promise<{ close(): Promise<void> }>
  close(): Promise<void>
}

/** Told of each statement that is sent. */
export type OnStatement = (sql: string) => void

function logging(onStatement: OnStatement | undefined): Pick<KyselyConfig, 'log'> {
  return onStatement === undefined ? {} : { log: ({ query }) => onStatement(query.sql) }
}

/** Any PostgreSQL from 15 on, through a pool of at most `poolSize` connections, and one more that listens. */
export async function openPostgres(
  databaseUrl: string,
  poolSize: number,
  onStatement?: OnStatement,
): Promise<Database> {
  const connection = {
    ...parseUrl(databaseUrl),
    // One for each store: what it announces it need not hear.
    application_name: `jobwright-${randomBytes(6).toString('hex')}`,
    connectionTimeoutMillis: 10_000,
    // A peer that vanished without a word would otherwise hold a query, and a connection of the pool, for ever.
    keepAlive: true,
    keepAliveInitialDelayMillis: 10_000,
  }
  const pool = new pg.Pool({
    ...connection,
    max: poolSize,
    // A server that hangs in the middle of a transaction must not hold a workspace's counter for ever.
    idle_in_transaction_session_timeout: 60_000,
  })
  // A connection that breaks while idle is replaced at the next use. Unheard, the event would end the process.
  pool.on('error', () => undefined)
  const db = new Kysely<Tables>({
    dialect: new PostgresDialect({ pool: tellingOutages(pool) }),
    ...logging(onStatement),
  })
  try {
    await pool.query('select 1')
  } catch (error) {
    await db.destroy()
    await pool.end().catch(() => undefined)
    throw cannotOpen('database_unreachable', {
      message: `PostgreSQL at ${redacted(databaseUrl)} cannot be used: ${messageOf(error)}`,
      fix: 'check DATABASE_URL and that the server is up',
      cause: error,
    })
  }
  return {
    db,
    listen: (notifier) => listenForAnnouncements(connection, notifier),
    close: () => db.destroy(),
  }
}

/** Of PostgreSQL's 128 MB of buffers the process would have most for itself; what is not in them is in the system's. */
const embeddedSettings = ['-c', 'shared_buffers=32MB']

/**
 * PGlite in `dataDir`/pgdata, under a process lock: it has none of its own, and two processes lose data silently.
 * @throws ProcessLockedError while another process has it open; JobwrightError `embedded_database_broken`
 */
export async function openEmbedded(dataDir: string, onStatement?: OnStatement): Promise<Database> {
  const made = await mkdir(dataDir, { recursive: true }).catch((error: unknown) => {
    throw cannotOpen('embedded_database_broken', {
      message: `cannot make ${dataDir} (${codeOf(error)})`,
      fix: 'set JOBWRIGHT_DATA_DIR to another directory',
      cause: error,
    })
  })
  await keepOutOfGit(dataDir, { isNew: made !== undefined })
  const lock = await acquireProcessLock(path.join(dataDir, 'pgdata.lock'))
  const directory = path.join(dataDir, 'pgdata')
  try {
    // Loaded on demand: a server on PostgreSQL needs neither the code nor its memory.
    const { PGlite, protocol } = await import('@electric-sql/pglite')
    const startParams = [...PGlite.defaultStartParams, ...embeddedSettings]
    const pglite = await PGlite.create(directory, { ...embeddedBytes, startParams })
    const { serialize } = protocol
    const db = new Kysely<Tables>({
      dialect: embeddedDialect({ pglite, serialize }),
      ...logging(onStatement),
    })
    const close = async () => {
      try {
        await db.destroy()
        if (!pglite.closed) await pglite.close()
      } finally {
        await lock.release()
      }
    }
    return { db, close }
  } catch (error) {
    await lock.release()
    throw cannotOpen('embedded_database_broken', {
      message: `The embedded database in ${directory} does not open: ${messageOf(error)}`,
      fix: 'restore the directory, or move it away to start afresh',
      cause: error,
    })
  }
}

function parseUrl(databaseUrl: string): { connectionString: string } {
  const valid = URL.canParse(databaseUrl) && /^postgres(ql)?:$/.test(new URL(databaseUrl).protocol)
  if (!valid)
    throw cannotOpen('database_url_invalid', {
      message: 'DATABASE_URL: expected postgresql://USER:PASSWORD@HOST:PORT/DATABASE',
    })
  return { connectionString: databaseUrl }
}

function redacted(databaseUrl: string): string {
  const { host, pathname } = new URL(databaseUrl)
  return `${host}${pathname}`
}
