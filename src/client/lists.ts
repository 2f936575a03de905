import type { Json } from '../base/json.ts'
import { present } from '../base/present.ts'
import { isObject, type Reader, refuse, ShapeError, textOrAbsent } from './reading.ts'

/** Lists of servers, which may leave out something, or hold what cannot be read. */

export type WireList<T> = {
  items: T[]
  /** As the server says it, a page's or of all that matches; absent when it says no whole number. */
  count?: number
  /** Items that could not be read, and are not among `items`: where, and why. Absent when there are none. */
  unreadable?: string[]
  next_cursor?: string
}

/** One item that cannot be read does not take the others with it; the list says that it is not whole. */
export function readList<T>(item: Reader<T>): Reader<WireList<T>> {
  return (value, pointer) => {
    if (!isObject(value)) refuse(pointer, 'an object of items and count', value)
    const { items, count } = value
    if (!Array.isArray(items)) refuse(`${pointer}/items`, 'a list', items)
    const { read, unreadable } = readItems(items, item, `${pointer}/items`)
    const isCount = typeof count === 'number' && Number.isSafeInteger(count) && count >= 0
    return present({
      items: read,
      count: isCount ? count : undefined,
      unreadable: unreadable.length === 0 ? undefined : unreadable,
      next_cursor: textOrAbsent(value.next_cursor),
    })
  }
}

export function readItems<T>(
  items: readonly Json[],
  item: Reader<T>,
  pointer: string,
): { read: T[]; unreadable: string[] } {
  const read: T[] = []
  const unreadable: string[] = []
  items.forEach((entry, index) => {
    try {
      read.push(item(entry, `${pointer}/${index}`))
    } catch (error) {
      if (!(error instanceof ShapeError)) throw error
      unreadable.push(error.message)
    }
  })
  return { read, unreadable }
}

/**
 * Why a list may leave out something that matches, so that what is missing in it must not be taken for absent: a `count` that
 * differs from the items or is not there, an item that could not be read, a further page. undefined for a list that is whole,
 * as far as a server says so.
 */
export function incompleteness({
  items,
  count,
  unreadable = [],
  next_cursor,
}: WireList<unknown>): string | undefined {
  const [first] = unreadable
  if (first !== undefined) return `${unreadable.length} of its items cannot be read (${first})`
  if (count === undefined) return 'it has no count'
  if (count !== items.length) return `its count is ${count}, its items are ${items.length}`
  return next_cursor === undefined ? undefined : 'there is a further page'
}
