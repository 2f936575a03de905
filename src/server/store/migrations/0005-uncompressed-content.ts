import { type Kysely, sql } from 'kysely'

/** Contents are kept as they are: to compress one of 16 MiB stops the embedded database, and all that waits for it. */
const statements = [
  'alter table job_run_outputs alter column content set storage external',
  'alter table documents alter column content set storage external',
]

export const uncompressedContent = {
  async up(db: Kysely<unknown>): Promise<void> {
    for (const statement of statements) await sql.raw(statement).execute(db)
  },
}
