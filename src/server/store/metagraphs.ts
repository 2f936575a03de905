import { sql } from 'kysely'
import type { Metagraph } from '../../contract/index.ts'
import type { Caller, JobStore } from '../ports/index.ts'
import { type Db, now, type StoreContext, transact } from './context.ts'
import { activeStatuses } from './transitions.ts'

type PutOptions = Parameters<JobStore['metagraphs']['put']>[2]
type PutOutcome = Awaited<ReturnType<JobStore['metagraphs']['put']>>

/** The graph of each system, with a revision that counts its writes. Etags are bare; HTTP puts them in quotes. */
export function createMetagraphs({ db }: StoreContext): JobStore['metagraphs'] {
  return {
    async get(caller, system) {
      const row = await systemRow(db, caller, system).executeTakeFirst()
      return row && { graph: JSON.parse(row.graph) as Metagraph, etag: etagOf(row.revision) }
    },

    put: (caller, graph, options) => transact(db, (trx) => putGraph(trx, caller, graph, options)),
  }
}

function etagOf(revision: string): string {
  return `r${revision}`
}

function systemRow(db: Db, { workspace }: Caller, system: string) {
  return db
    .selectFrom('metagraphs')
    .select(['graph', sql<string>`revision::text`.as('revision')])
    .where('workspace', '=', workspace)
    .where('system', '=', system)
}

async function putGraph(trx: Db, caller: Caller, graph: Metagraph, options: PutOptions): Promise<PutOutcome> {
  const { workspace } = caller
  const { system } = graph
  const text = JSON.stringify(graph)
  // The row's lock comes first: it orders a first attempt's late write and the second attempt's.
  let current = await systemRow(trx, caller, system).forUpdate().executeTakeFirst()
  if (current === undefined && typeof options.ifMatch !== 'string') {
    const inserted = await trx
      .insertInto('metagraphs')
      .values({ workspace, system, revision: 1, graph: text })
      .onConflict((conflict) => conflict.doNothing())
      .returning('system')
      .executeTakeFirst()
    if (inserted) return stored(trx, caller, graph, '1', options.writtenBy)
    // Somebody else's first write was committed while we waited for it.
    current = await systemRow(trx, caller, system).forUpdate().executeTakeFirst()
  }
  if (options.writtenBy !== undefined) {
    const earlier = await earlierWrite(trx, caller, system, options.writtenBy)
    // Of an ended run, only that it wrote is still known: whoever still asks for it is told how things stand.
    const known = earlier?.graph === null ? current : earlier
    if (known?.graph)
      return {
        outcome: 'stored',
        graph: JSON.parse(known.graph) as Metagraph,
        etag: etagOf(known.revision),
      }
  }
  const etag = current === undefined ? null : etagOf(current.revision)
  if (current === undefined || (options.ifMatch !== undefined && options.ifMatch !== etag))
    return { outcome: 'precondition_failed', etag }
  const revision = String(BigInt(current.revision) + 1n)
  await trx
    .updateTable('metagraphs')
    .set({ revision, graph: text, updated_at: now })
    .where('workspace', '=', workspace)
    .where('system', '=', system)
    .execute()
  return stored(trx, caller, graph, revision, options.writtenBy)
}

/** Remembers what a job run wrote, which is what its later attempts are answered with. */
async function stored(
  trx: Db,
  { workspace }: Caller,
  graph: Metagraph,
  revision: string,
  writtenBy: string | undefined,
): Promise<PutOutcome> {
  if (writtenBy !== undefined) {
    await forgetEndedRuns(trx, workspace, graph.system)
    await trx
      .insertInto('metagraph_writes')
      .values({
        workspace,
        system: graph.system,
        written_by: writtenBy,
        revision,
        graph: JSON.stringify(graph),
      })
      .execute()
  }
  return { outcome: 'stored', graph, etag: etagOf(revision) }
}

/** No attempt of an ended run is to be answered any more: of what it wrote, the graph goes. */
async function forgetEndedRuns(trx: Db, workspace: string, system: string): Promise<void> {
  await trx
    .updateTable('metagraph_writes')
    .set({ graph: null })
    .where('workspace', '=', workspace)
    .where('system', '=', system)
    .where('graph', 'is not', null)
    .where(({ not, exists, selectFrom }) =>
      not(
        exists(
          selectFrom('job_runs')
            .select('uuid')
            .whereRef('uuid', '=', 'metagraph_writes.written_by')
            .where('status', 'in', activeStatuses),
        ),
      ),
    )
    .execute()
}

interface WrittenRow {
  graph: string | null
  revision: string
}

async function earlierWrite(
  trx: Db,
  { workspace }: Caller,
  system: string,
  writtenBy: string,
): Promise<WrittenRow | undefined> {
  return trx
    .selectFrom('metagraph_writes')
    .select(['graph', sql<string>`revision::text`.as('revision')])
    .where('workspace', '=', workspace)
    .where('system', '=', system)
    .where('written_by', '=', writtenBy)
    .executeTakeFirst()
}
