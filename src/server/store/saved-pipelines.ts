import { sql } from 'kysely'
import type { PipelineVersion } from '../../contract/index.ts'
import type { Caller, JobStore } from '../ports/index.ts'
import { type Db, now, type StoreContext, transact, utc } from './context.ts'
import { decodeNameCursor, encodeNameCursor } from './cursors.ts'
import { keysetPage, readBatch } from './paging.ts'

type SavedPipelines = JobStore['pipelines']
type SaveOutcome = Awaited<ReturnType<SavedPipelines['save']>>

/** Pipelines and their versions. The row of a name is locked by whoever writes, so that versions count one by one. */
export function createSavedPipelines({ db }: StoreContext): SavedPipelines {
  return {
    save: (caller, pipeline, expected) => transact(db, (trx) => save(trx, caller, pipeline, expected)),

    get: (caller, name, version) => findVersion(db, caller, name, version),

    list({ workspace }, { limit, cursor }) {
      const read = (after: string | undefined, size: number) => {
        let query = db
          .selectFrom('pipelines')
          .innerJoin('pipeline_versions as newest', (join) =>
            join
              .onRef('newest.workspace', '=', 'pipelines.workspace')
              .onRef('newest.name', '=', 'pipelines.name')
              .onRef('newest.version', '=', 'pipelines.last_version'),
          )
          .select([
            'pipelines.name',
            'newest.description',
            'newest.version',
            utc('pipelines.created_at').as('created_at'),
            utc('newest.created_at').as('updated_at'),
            'newest.created_by as updated_by',
          ])
          .where('pipelines.workspace', '=', workspace)
          .where('pipelines.is_deleted', '=', false)
        if (after !== undefined) query = query.where('pipelines.name', '>', after)
        return readBatch(query.orderBy('pipelines.name'), size)
      }
      return keysetPage({
        limit,
        after: cursor === undefined ? undefined : decodeNameCursor(workspace, cursor),
        read,
        key: (row) => row.name,
        itemMaker: async () => (row) => row,
        encode: (name) => encodeNameCursor(workspace, name),
      })
    },

    delete: (caller, name, expected) =>
      transact(db, async (trx) => {
        const newest = await lockNewest(trx, caller, name)
        if (expected !== undefined && newest !== expected)
          return { outcome: 'precondition_failed', version: newest }
        if (newest === null) return { outcome: 'unknown' }
        const { workspace } = caller
        const isIt = { workspace, name }
        await trx.deleteFrom('pipeline_versions').where(sameAs(isIt)).execute()
        await trx.updateTable('pipelines').set({ is_deleted: true }).where(sameAs(isIt)).execute()
        return { outcome: 'deleted' }
      }),
  }
}

function sameAs({ workspace, name }: { workspace: string; name: string }) {
  return sql<boolean>`workspace = ${workspace} and name = ${name}`
}

async function save(
  trx: Db,
  caller: Caller,
  { name, description, yaml }: Parameters<SavedPipelines['save']>[1],
  expected: number | null | undefined,
): Promise<SaveOutcome> {
  const { workspace } = caller
  const newest = await lockNewest(trx, caller, name)
  if (expected !== undefined && expected !== newest)
    return { outcome: 'precondition_failed', version: newest }
  const present = newest === null ? undefined : await findVersion(trx, caller, name, newest)
  if (present?.yaml === yaml) return { outcome: 'unchanged', version: present }
  const { last_version: version } = await trx
    .insertInto('pipelines')
    .values({ workspace, name, last_version: 1 })
    .onConflict((conflict) =>
      conflict.columns(['workspace', 'name']).doUpdateSet({
        last_version: sql<number>`pipelines.last_version + 1`,
        is_deleted: false,
        // One that was deleted begins anew, but for its numbers.
        created_at: sql<Date>`case when pipelines.is_deleted then ${now} else pipelines.created_at end`,
      }),
    )
    .returning('last_version')
    .executeTakeFirstOrThrow()
  await trx
    .insertInto('pipeline_versions')
    .values({ workspace, name, version, description, yaml, created_by: caller.email })
    .execute()
  const saved = await findVersion(trx, caller, name, version)
  if (!saved) throw new Error('a version that was just saved is not there')
  return { outcome: 'saved', version: saved }
}

/** The number of the newest version, null when there is none; nobody else changes it until the transaction ends. */
async function lockNewest(trx: Db, { workspace }: Caller, name: string): Promise<number | null> {
  const row = await trx
    .selectFrom('pipelines')
    .select(['last_version', 'is_deleted'])
    .where('workspace', '=', workspace)
    .where('name', '=', name)
    .forUpdate()
    .executeTakeFirst()
  return row === undefined || row.is_deleted ? null : row.last_version
}

/** The newest one when no version is named. */
function findVersion(
  db: Db,
  { workspace }: Caller,
  name: string,
  version: number | undefined,
): Promise<PipelineVersion | undefined> {
  const all = db
    .selectFrom('pipeline_versions')
    .select([
      'name',
      'version',
      'description',
      'yaml',
      utc('pipeline_versions.created_at').as('created_at'),
      'created_by',
    ])
    .where('workspace', '=', workspace)
    .where('name', '=', name)
  const found =
    version === undefined ? all.orderBy('version', 'desc').limit(1) : all.where('version', '=', version)
  return found.executeTakeFirst()
}
