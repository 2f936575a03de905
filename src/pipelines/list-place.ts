import { JobwrightError } from '../base/errors.ts'

/** Where a page of runs ended. Runs come and go, so that a number of them would be no place. */
export interface ListPlace {
  part: 'open' | 'closed'
  /** When the last one started, or closed. */
  atMs: number
  /** Executions of that very millisecond that were listed. */
  listed: readonly string[]
}

/** The place once one more is listed. */
export function after(
  before: ListPlace | undefined,
  { part, atMs }: Pick<ListPlace, 'part' | 'atMs'>,
  execution: string,
): ListPlace {
  const isSame = before?.part === part && before.atMs === atMs
  return { part, atMs, listed: [...(isSame ? before.listed : []), execution] }
}

/** A cursor names its list and the workspace that it belongs to, so that no other list takes it. */
export function writeCursor({ part, atMs, listed }: ListPlace, workspace: string | undefined): string {
  const place = ['pipeline-runs', workspace ?? null, part, atMs, listed]
  return Buffer.from(JSON.stringify(place)).toString('base64url')
}

/** @throws JobwrightError `bad_cursor` */
export function readCursor(cursor: string, workspace: string | undefined): ListPlace {
  let place: unknown
  try {
    place = JSON.parse(Buffer.from(cursor, 'base64url').toString('utf8'))
  } catch {
    throw badCursor()
  }
  if (!Array.isArray(place) || place.length !== 5) throw badCursor()
  const [list, owner, part, atMs, listed] = place as unknown[]
  const isPart = part === 'open' || part === 'closed'
  // Dates reach that far.
  const isTime = typeof atMs === 'number' && Number.isSafeInteger(atMs) && Math.abs(atMs) < 8.64e15
  const areIds = Array.isArray(listed) && listed.every((id) => typeof id === 'string')
  if (list !== 'pipeline-runs' || owner !== (workspace ?? null) || !isPart || !isTime || !areIds)
    throw badCursor()
  return { part, atMs, listed }
}

function badCursor(): JobwrightError {
  return new JobwrightError({
    code: 'bad_cursor',
    fault: 'usage',
    message: 'The cursor was not made by this list',
    fix: 'take it from an earlier answer of the same list, or leave it out',
  })
}
