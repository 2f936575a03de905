import { setImmediate } from 'node:timers/promises'
import type { ListPage } from '../services/ports.ts'

/** Rows read at a time: what a list holds in memory, up to a config of 1 MiB each. */
export const batchSize = 100

export interface KeysetSource<Row, Item, Key> {
  limit: number | undefined
  /** Where to go on; undefined: from the beginning. */
  after: Key | undefined
  /** At most `size` rows beyond `after`, in the order of the list. */
  read(after: Key | undefined, size: number): Promise<Row[]>
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
      const size = Math.min(batchSize, remaining)
      // One row more than wanted tells whether anything follows.
      const found = await source.read(after, size + 1)
      const rows = found.slice(0, size)
      const toItem = await source.itemMaker(rows)
      for (const row of rows) yield toItem(row)
      const last = rows.at(-1)
      if (found.length <= size || last === undefined) return
      remaining -= rows.length
      after = source.key(last)
      if (remaining === 0) next = source.encode(after)
      // PGlite answers on microtasks; without this a long list would starve timers and sockets.
      await setImmediate()
    }
  }
  return { items: items(), nextCursor: () => next }
}
