import { createHash } from 'node:crypto'
import { canonicalJson, type Json } from '../../base/json.ts'
import type { Caller } from '../ports/index.ts'
import { badCursor } from './problems.ts'

/** What a page is asked for with. */
export interface PageQuery {
  limit?: number | undefined
  cursor?: string | undefined
}

/**
 * A page of a list that is at hand, in the order of its keys, of which no two are the same. A cursor is the key of the last item that was
 * given, so that what comes and goes moves no page.
 * @param list what else the list was asked for, so that no other list takes the cursor
 * @throws ApiProblem 422 `bad_cursor`
 */
export function pageOf<T>(
  items: readonly T[],
  keyOf: (item: T) => string,
  { limit, cursor }: PageQuery,
  { workspace }: Caller,
  list: Json,
): { items: T[]; nextCursor: string | null } {
  const scope = createHash('sha256')
    .update(canonicalJson([workspace, list]))
    .digest('hex')
    .slice(0, 16)
  const after = cursor === undefined ? undefined : readCursor(cursor, scope)
  const rest = items
    .toSorted((a, b) => compare(keyOf(a), keyOf(b)))
    .filter((item) => after === undefined || compare(keyOf(item), after) > 0)
  const page = limit === undefined ? rest : rest.slice(0, limit)
  const last = page.at(-1)
  const isWhole = page.length === rest.length || last === undefined
  return { items: page, nextCursor: isWhole ? null : writeCursor(keyOf(last), scope) }
}

const compare = (a: string, b: string): number => (a < b ? -1 : a > b ? 1 : 0)

const writeCursor = (key: string, scope: string): string =>
  Buffer.from(JSON.stringify([scope, key])).toString('base64url')

function readCursor(cursor: string, scope: string): string {
  let place: unknown
  try {
    place = JSON.parse(Buffer.from(cursor, 'base64url').toString('utf8'))
  } catch {
    throw badCursor('cursor')
  }
  if (!Array.isArray(place) || place[0] !== scope || typeof place[1] !== 'string') throw badCursor('cursor')
  return place[1]
}
