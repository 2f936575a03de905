import { type Kysely, sql } from 'kysely'

/** How long a run may wait for a worker, apart from how long it may take. */
const statement = 'alter table job_runs add column queue_timeout_ms bigint'

export const queueTimeouts = {
  async up(db: Kysely<unknown>): Promise<void> {
    await sql.raw(statement).execute(db)
  },
}
