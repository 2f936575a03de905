import { type Kysely, sql } from 'kysely'

/** One row, made here: which database this is, among all that share a Temporal namespace. */
const statements = [
  `create table installation (
    only_one boolean primary key default true check (only_one),
    id uuid not null default gen_random_uuid()
  )`,
  'insert into installation default values',
]

export const installation = {
  async up(db: Kysely<unknown>): Promise<void> {
    for (const statement of statements) await sql.raw(statement).execute(db)
  },
}
