import { cpSync } from 'node:fs'
import path from 'node:path'
import { PGlite } from '@electric-sql/pglite'
import manifest from '../../package.json' with { type: 'json' }
import { madeOnce } from './made-once.ts'

/**
 * Puts an empty embedded database, without any tables, where a server with this data directory looks for one. To make one takes three
 * seconds of a processor; to copy one takes a tenth of that.
 */
export async function placeEmptyPglite(dataDir: string): Promise<void> {
  const version = manifest.dependencies['@electric-sql/pglite']
  const empty = await madeOnce(`jobwright-empty-pglite-${version}`, async (at) => {
    await (await PGlite.create(at)).close()
  })
  // Not one call for each of a thousand files.
  cpSync(empty, path.join(dataDir, 'pgdata'), { recursive: true })
}
