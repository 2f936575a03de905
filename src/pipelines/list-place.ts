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

/** What a list was asked for: filters by their names, the workspace among them, in a text that can be compared. */
export type Asked = Readonly<Record<string, string>>

/** A cursor names its list and what that was asked for, so that no other list takes it. */
export function writeCursor({ part, atMs, listed }: ListPlace, asked: Asked): string {
  const place = ['pipeline-runs', asked, part, atMs, listed]
  return Buffer.from(JSON.stringify(place)).toString('base64url')
}

/** @throws JobwrightError `bad_cursor`; `cursor_of_other_filters` says which filter differs */
export function readCursor(cursor: string, asked: Asked): ListPlace {
  let place: unknown
  try {
    place = JSON.parse(Buffer.from(cursor, 'base64url').toString('utf8'))
  } catch {
    throw badCursor()
  }
  if (!Array.isArray(place) || place.length !== 5) throw badCursor()
  const [list, was, part, atMs, listed] = place as unknown[]
  const isPart = part === 'open' || part === 'closed'
  // Dates reach that far.
  const isTime = typeof atMs === 'number' && Number.isSafeInteger(atMs) && Math.abs(atMs) < 8.64e15
  const areIds = Array.isArray(listed) && listed.every((id) => typeof id === 'string')
  if (list !== 'pipeline-runs' || !isAsked(was) || !isPart || !isTime || !areIds) throw badCursor()
  // To a client that is bound, other workspaces do not exist.
  if (was.workspace !== asked.workspace) throw badCursor()
  requireSame(was, asked)
  return { part, atMs, listed }
}

function isAsked(value: unknown): value is Asked {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

function requireSame(was: Asked, asked: Asked): void {
  const names = new Set([...Object.keys(asked), ...Object.keys(was)])
  const other = [...names].find((name) => was[name] !== asked[name])
  if (other === undefined) return
  throw new JobwrightError({
    code: 'cursor_of_other_filters',
    fault: 'usage',
    message: `the cursor belongs to a list with another ${other}`,
    fix: 'give the filters that the list was begun with, or begin anew without a cursor',
  })
}

/** Of a cursor that is none, or of another list. */
export function badCursor(): JobwrightError {
  return new JobwrightError({
    code: 'bad_cursor',
    fault: 'usage',
    message: 'The cursor was not made by this list',
    fix: 'take it from an earlier answer of the same list, or leave it out',
  })
}
