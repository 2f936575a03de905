import { type Kysely, sql } from 'kysely'

/** Whose claim it is: of a server that is gone it counts no more. */
export const outboxClaimers = {
  async up(db: Kysely<unknown>): Promise<void> {
    await sql.raw('alter table outbox add column claimed_by text').execute(db)
  },
}
