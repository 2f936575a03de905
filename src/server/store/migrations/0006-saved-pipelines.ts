import { type Kysely, sql } from 'kysely'

/** Names compare by their bytes, whatever the database's collation: pages go on where they stopped. */
const statements = [
  `create table pipelines (
    workspace text not null,
    name text collate "C" not null,
    last_version integer not null,
    is_deleted boolean not null default false,
    created_at timestamptz not null default statement_timestamp(),
    primary key (workspace, name)
  )`,
  `create table pipeline_versions (
    workspace text not null,
    name text collate "C" not null,
    version integer not null,
    description text,
    yaml text not null,
    created_by text not null,
    created_at timestamptz not null default statement_timestamp(),
    primary key (workspace, name, version),
    foreign key (workspace, name) references pipelines (workspace, name)
  )`,
]

export const savedPipelines = {
  async up(db: Kysely<unknown>): Promise<void> {
    for (const statement of statements) await sql.raw(statement).execute(db)
  },
}
