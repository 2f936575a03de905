import path from 'node:path'
import { PGlite } from '@electric-sql/pglite'
import { expect, test } from 'vitest'
import { embeddedBytes } from '../../../src/server/store/embedded-bytes.ts'
import { makeDataFolder, removeDataFolder } from '../../helpers/data-folder.ts'
import { placePglite } from '../../helpers/pglite.ts'

const every = Uint8Array.from({ length: 256 }, (_, index) => index)

test('bytes come back from PGlite as they were, views of larger buffers and none at all among them', async () => {
  const folder = makeDataFolder('bytes')
  await placePglite(folder)
  const pglite = await PGlite.create(path.join(folder, 'pgdata'), embeddedBytes)
  try {
    for (const bytes of [every, every.subarray(200, 220), Buffer.from('ü\0'), new Uint8Array()]) {
      const { rows } = await pglite.query<{ b: Uint8Array; size: number }>(
        'select $1::bytea as b, length($1::bytea) as size',
        [bytes],
      )
      expect(rows[0]?.size).toBe(bytes.byteLength)
      expect(rows[0]?.b).toEqual(new Uint8Array(bytes))
    }
  } finally {
    await pglite.close()
    removeDataFolder(folder)
  }
})
