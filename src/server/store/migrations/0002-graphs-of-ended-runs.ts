import { type Kysely, sql } from 'kysely'

/** What an ended run wrote need not be answered again; only that it wrote is to be known. */
const statements = [
  'alter table metagraph_writes alter column graph drop not null',
  'create index metagraph_writes_kept on metagraph_writes (workspace, system) where graph is not null',
]

export const graphsOfEndedRuns = {
  async up(db: Kysely<unknown>): Promise<void> {
    for (const statement of statements) await sql.raw(statement).execute(db)
  },
}
