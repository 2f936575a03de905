import { setImmediate } from 'node:timers/promises'
import { type SelectQueryBuilder, sql } from 'kysely'
import type { ListPage } from '../ports/index.ts'
import type { Db } from './context.ts'
import type { Tables } from './tables.ts'

/** Rows read at a time. */
export const batchRows = 100
/** Configs read at a time, together; one more row is always read, however large. */
const batchBytes = 4 * 1024 * 1024

/** Some rows of a list, and whether others follow. */
export interface Batch<Row> {
  rows: Row[]
  more: boolean
}

export interface KeysetSource<Row, Item, Key> {
  limit: number | undefined
  /** Where to go on; undefined: from the beginning. */
  after: Key | undefined
  /** From 1 to `size` rows beyond `after`, in the order of the list; none only at its end. */
  read(after: Key | undefined, size: number): Promise<Batch<Row>>
  key(row: Row): Key
  /** How an item is made of each of these rows; one by one, so that what was parsed does not pile up. */
  itemMaker(rows: Row[]): Promise<(row: Row) => Item>
  encode(key: Key): string
}

/** A list read in batches by key, so that neither memory nor a transaction grows with it. */
export function keysetPage<Row, Item, Key>(source: KeysetSource<Row, Item, Key>): ListPage<Item> {
  let next: string | null = null
  async function* items(): AsyncGenerator<Item> {
    let remaining = source.limit ?? Number.POSITIVE_INFINITY
    let after = source.after
    while (remaining > 0) {
      const { rows, more } = await source.read(after, Math.min(batchRows, remaining))
      const toItem = await source.itemMaker(rows)
      for (const row of rows) yield toItem(row)
      const last = rows.at(-1)
      if (!more || last === undefined) return
      remaining -= rows.length
      after = source.key(last)
      if (remaining === 0) next = source.encode(after)
      // PGlite answers on microtasks; without this a long list would starve timers and sockets.
      await setImmediate()
    }
  }
  return { items: items(), nextCursor: () => next }
}

/** The first `size` rows of a query, of which one more is asked for: that tells whether others follow. */
export async function readBatch<Row>(
  query: { limit(rows: number): { execute(): Promise<Row[]> } },
  size: number,
): Promise<Batch<Row>> {
  const found = await query.limit(size + 1).execute()
  return { rows: found.slice(0, size), more: found.length > size }
}

/** The same of a query that is ordered newest first, for rows whose `config` may be large: no more of them than fit `batchBytes`. */
export async function readNewest<Row>(
  db: Db,
  query: SelectQueryBuilder<Tables, 'jobs' | 'job_runs', Row>,
  size: number,
): Promise<Batch<Row>> {
  // The length of a large config is known without reading it.
  const { rows } = await sql<Row & { found: number }>`
    select * from (
      select page.*, (count(*) over ())::integer as found, sum(octet_length(config)) over newest - octet_length(config) as bytes_before
      from (${query.limit(size + 1)}) page
      window newest as (order by created_at desc, uuid desc)
    ) counted
    where bytes_before < ${batchBytes}
    order by created_at desc, uuid desc limit ${size}`.execute(db)
  return { rows, more: (rows[0]?.found ?? 0) > rows.length }
}
