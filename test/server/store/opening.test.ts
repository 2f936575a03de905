import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { readdir, rm, writeFile } from 'node:fs/promises'
import path from 'node:path'
import { createInterface } from 'node:readline'
import { fileURLToPath } from 'node:url'
import { sql } from 'kysely'
import pg from 'pg'
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { transact } from '../../../src/server/store/context.ts'
import { openPostgres } from '../../../src/server/store/database.ts'
import { openStore } from '../../../src/server/store/index.ts'
import { makeDataFolder, removeDataFolder } from '../../helpers/data-folder.ts'
import { placePglite } from '../../helpers/pglite.ts'
import { startPostgres, type TestPostgres } from '../../helpers/postgres.ts'
import { until } from '../../helpers/until.ts'
import { all, newCaller, triggerRun } from './backends.ts'

const owner = fileURLToPath(new URL('./embedded-owner.ts', import.meta.url))

describe('an embedded database', () => {
  let dataDir: string
  const children: ChildProcess[] = []

  beforeEach(async () => {
    dataDir = makeDataFolder('embedded')
  })

  afterEach(async () => {
    for (const child of children.splice(0))
      if (child.exitCode === null && child.signalCode === null) await kill(child)
    removeDataFolder(dataDir)
  })

  async function kill(child: ChildProcess) {
    const gone = once(child, 'exit')
    child.kill('SIGKILL')
    await gone
  }

  function startOwner(task: 'open' | 'write') {
    const child = spawn(process.execPath, [owner, dataDir, task], { stdio: ['ignore', 'pipe', 'inherit'] })
    children.push(child)
    const lines = createInterface({ input: child.stdout! })[Symbol.asyncIterator]()
    const next = async (): Promise<
      { event: string; pid: number; id?: string; code?: string; message?: string } | undefined
    > => {
      const { value, done } = await lines.next()
      return done ? undefined : JSON.parse(value)
    }
    return { child, next }
  }

  test('is refused to a second process while the first lives, and free once it is closed', async () => {
    const store = await openStore({ dataDir })
    const caller = newCaller()
    const id = await triggerRun(store, caller)
    const refused = await startOwner('open').next()
    expect(refused).toMatchObject({ event: 'refused', code: 'already_locked' })
    expect(refused?.message).toContain(dataDir)
    expect(refused?.message).toContain(String(process.pid))
    await expect(openStore({ dataDir })).rejects.toMatchObject({ code: 'already_locked', pid: process.pid })
    expect((await store.runs.get(caller, id))?.status).toBe('pending')
    await store.close()
    expect(await readdir(dataDir)).toEqual(['pgdata'])
    const { child, next } = startOwner('open')
    expect(await next()).toMatchObject({ event: 'opened' })
    if (child.exitCode === null) await once(child, 'exit')
    const again = await openStore({ dataDir })
    expect((await again.runs.get(caller, id))?.status).toBe('pending')
    await again.close()
  })

  test('keeps every committed row when its process is killed in the middle of writing', async () => {
    await placePglite(dataDir)
    const { child, next } = startOwner('write')
    expect(await next()).toMatchObject({ event: 'opened' })
    const committed: string[] = []
    while (committed.length < 40) committed.push((await next())?.id ?? 'the owner ended early')
    await kill(child)
    // What it had said before the kill took effect was committed as well.
    for (let line = await next(); line?.id; line = await next()) committed.push(line.id)
    const store = await openStore({ dataDir })
    const caller = { workspace: 'w', email: 'engineer@example.com' }
    const kept = (await all(store.runs.list(caller, {}))).map((run) => run.uuid)
    expect(new Set(kept)).toEqual(new Set([...committed, ...kept.slice(0, kept.length - committed.length)]))
    // At most the one whose commit it had no time to tell.
    expect(kept.length - committed.length).toBeLessThanOrEqual(1)
    const started = (await store.dispatch.claim({ limit: 1000, leaseMs: 60_000 })).items
    expect(new Set(started.map((item) => item.jobRunId))).toEqual(new Set(kept))
    await store.close()
  })

  test('that is damaged says where it is and does not stay locked', async () => {
    await writeFile(path.join(dataDir, 'pgdata'), 'not a directory')
    await expect(openStore({ dataDir })).rejects.toMatchObject({
      code: 'embedded_database_broken',
      message: expect.stringContaining(path.join(dataDir, 'pgdata')),
    })
    await rm(path.join(dataDir, 'pgdata'))
    await placePglite(dataDir)
    await (await openStore({ dataDir })).close()
  })
})

describe('PostgreSQL', () => {
  let postgres: TestPostgres
  beforeAll(async () => {
    postgres = await startPostgres()
  })
  afterAll(() => postgres.stop())

  test('is migrated once by servers that start together', async () => {
    const databaseUrl = await postgres.createDatabase()
    const stores = await Promise.all(Array.from({ length: 4 }, () => openStore({ databaseUrl, poolSize: 2 })))
    const caller = newCaller()
    const id = await triggerRun(stores[0]!, caller)
    for (const store of stores) expect((await store.runs.get(caller, id))?.status).toBe('pending')
    for (const store of stores) await store.close()
    const again = await openStore({ databaseUrl })
    expect((await again.runs.get(caller, id))?.status).toBe('pending')
    await again.close()
  })

  test('with a schema of a newer version is left alone', async () => {
    const databaseUrl = await postgres.createDatabase()
    await (await openStore({ databaseUrl })).close()
    const client = new pg.Client({ connectionString: databaseUrl })
    await client.connect()
    await client.query(`insert into kysely_migration (name, timestamp) values ('9999-future', '2099-01-01')`)
    await client.end()
    await expect(openStore({ databaseUrl })).rejects.toMatchObject({
      code: 'migration_failed',
      message: expect.stringContaining('9999-future'),
      fix: expect.stringContaining('newer version'),
    })
  })

  test('that cannot be reached is named without its password', async () => {
    const url = new URL(await postgres.createDatabase())
    url.pathname = '/nonesuch'
    url.password = 'canary'
    const error: Error = await openStore({ databaseUrl: url.href }).catch((reason) => reason)
    expect(error).toMatchObject({ code: 'database_unreachable', message: expect.stringContaining(url.host) })
    expect(`${error.message} ${error.cause}`).not.toContain('canary')
    await expect(openStore({ databaseUrl: 'postgresql://u:canary@127.0.0.1:1/x' })).rejects.toMatchObject({
      code: 'database_unreachable',
      message: expect.stringContaining('127.0.0.1:1/x'),
    })
    for (const databaseUrl of ['', 'nonsense', 'mysql://u:canary@h/x'])
      await expect(openStore({ databaseUrl })).rejects.toMatchObject({
        code: 'database_url_invalid',
        message: expect.not.stringContaining('canary'),
      })
  })

  test('a connection that is cut is replaced', async () => {
    const databaseUrl = await postgres.createDatabase()
    const store = await openStore({ databaseUrl, poolSize: 1 })
    // One of the pool, and the one that listens, which nobody waits for long.
    await until('both are there', async () => {
      await store.ping()
      return (await ourConnections(databaseUrl)) === 2
    })
    expect(await cutConnections(databaseUrl)).toBe(2)
    // Uses that come before the end of the connection do may still meet the dead one.
    await until('a new connection is used', () => store.ping().then(() => true))
    await store.close()
  })

  test('a connection whose other end forgets its statements, as behind a pooler, serves on', async () => {
    const databaseUrl = await postgres.createDatabase()
    const { db, close } = await openPostgres(databaseUrl, 1)
    const read = async (on: typeof db) => (await sql<{ one: number }>`select 1 as one`.execute(on)).rows
    const kept = async () => (await sql`select name from pg_prepared_statements`.execute(db)).rows.length
    await until('it is kept', async () => {
      await read(db)
      return (await kept()) > 0
    })
    await sql.raw('deallocate all').execute(db)
    expect(await read(db)).toEqual([{ one: 1 }])
    expect(await kept()).toBe(0)
    await close()
    const again = await openPostgres(databaseUrl, 1)
    await until('it is kept', async () => {
      await read(again.db)
      return (await sql`select name from pg_prepared_statements`.execute(again.db)).rows.length > 0
    })
    await sql.raw('deallocate all').execute(again.db)
    let tries = 0
    const rows = await transact(again.db, (trx) => {
      tries += 1
      return read(trx)
    })
    expect([tries, rows]).toEqual([2, [{ one: 1 }]])
    await again.close()
  })

  test('a connection that is cut in the middle of a query fails that query, and not the process', async () => {
    const databaseUrl = await postgres.createDatabase()
    const { db, close } = await openPostgres(databaseUrl, 1)
    const query = sql`select pg_sleep(60)`.execute(db).catch((error: unknown) => error)
    await until('the query runs', async () => (await cutConnections(databaseUrl, 'active')) === 1)
    expect(await query).toBeInstanceOf(Error)
    await until('a new connection is used', () => sql`select 1`.execute(db).then(() => true))
    await close()
  })
})

/** Ends our connections to a database from outside; how many there were. */
const cutConnections = (databaseUrl: string, state?: string) =>
  ourConnections(databaseUrl, { state, each: 'pg_terminate_backend(pid)' })

/** How many there are, seen from outside. */
async function ourConnections(
  databaseUrl: string,
  { state = '%', each = 'pid' }: { state?: string | undefined; each?: string } = {},
): Promise<number | null> {
  const client = new pg.Client({ connectionString: databaseUrl })
  await client.connect()
  const { rowCount } = await client.query(
    `select ${each} from pg_stat_activity
     where application_name like 'jobwright-%' and datname = current_database() and state like $1`,
    [state],
  )
  await client.end()
  return rowCount
}
