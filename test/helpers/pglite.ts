import { createHash } from 'node:crypto'
import { cpSync, globSync, readFileSync } from 'node:fs'
import path from 'node:path'
import { Migrator } from 'kysely/migration'
import manifest from '../../package.json' with { type: 'json' }
import { openEmbedded } from '../../src/server/store/database.ts'
import { migrations } from '../../src/server/store/migrations/index.ts'
import { madeOnce } from './made-once.ts'

/** The last before the one that makes an id, which is to be another one in each database. */
const lastCommon = '0003-queue-timeouts'

/**
 * Puts an embedded database without any rows where a server with this data directory looks for one; its last migrations are left to
 * the server. To make one takes three seconds of a processor; to copy one takes a tenth of one.
 */
export async function placePglite(dataDir: string): Promise<void> {
  const made = await madeOnce(`jobwright-pglite-${fingerprint()}`, async (at) => {
    const { db, close } = await openEmbedded(at)
    try {
      const migrator = new Migrator({ db, provider: { getMigrations: async () => ({ ...migrations }) } })
      const { error } = await migrator.migrateTo(lastCommon)
      if (error !== undefined) throw error
    } finally {
      await close()
    }
  })
  // Not one call for each of a thousand files.
  cpSync(path.join(made, 'pgdata'), path.join(dataDir, 'pgdata'), { recursive: true })
}

function fingerprint(): string {
  const hash = createHash('sha256').update(manifest.dependencies['@electric-sql/pglite'])
  const folder = path.resolve(import.meta.dirname, '../../src/server/store/migrations')
  for (const file of globSync('*.ts', { cwd: folder }).sort())
    hash.update(readFileSync(path.join(folder, file)))
  return hash.digest('hex').slice(0, 16)
}
