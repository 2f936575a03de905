import { createHash } from 'node:crypto'
import { sql } from 'kysely'
import type { JobStore } from '../ports/index.ts'
import { type StoreContext, utc } from './context.ts'
import { keysetPage, readBatch } from './paging.ts'

const entryColumns = [
  'collection',
  'path',
  'media_type',
  'size_bytes',
  'sha256',
  utc('documents.updated_at').as('updated_at'),
] as const

/** Documents by collection and path, both checked by the caller. */
export function createDocuments({ db }: StoreContext): JobStore['documents'] {
  return {
    async put({ workspace }, { collection, path, mediaType, content }) {
      const stored = {
        media_type: mediaType,
        size_bytes: content.byteLength,
        sha256: createHash('sha256').update(content).digest('hex'),
        content,
      }
      return db
        .insertInto('documents')
        .values({ workspace, collection, path, ...stored })
        .onConflict((conflict) =>
          conflict
            .columns(['workspace', 'collection', 'path'])
            .doUpdateSet({ ...stored, updated_at: sql<Date>`statement_timestamp()` }),
        )
        .returning(entryColumns)
        .executeTakeFirstOrThrow()
    },

    async get({ workspace }, collection, path) {
      const row = await db
        .selectFrom('documents')
        .select(entryColumns)
        .select('content')
        .where('workspace', '=', workspace)
        .where('collection', '=', collection)
        .where('path', '=', path)
        .executeTakeFirst()
      if (row === undefined) return undefined
      const { content, ...entry } = row
      return { entry, content }
    },

    async delete({ workspace }, collection, path) {
      const deleted = await db
        .deleteFrom('documents')
        .where('workspace', '=', workspace)
        .where('collection', '=', collection)
        .where('path', '=', path)
        .returning('path')
        .executeTakeFirst()
      return deleted !== undefined
    },

    list({ workspace }, collection) {
      const read = (after: string | undefined, size: number) => {
        let query = db
          .selectFrom('documents')
          .select(entryColumns)
          .where('workspace', '=', workspace)
          .where('collection', '=', collection)
        if (after !== undefined) query = query.where('path', '>', after)
        return readBatch(query.orderBy('path'), size)
      }
      return keysetPage({
        limit: undefined,
        after: undefined,
        read,
        key: (row) => row.path,
        itemMaker: async () => (row) => row,
        encode: (path) => path,
      })
    },
  }
}
