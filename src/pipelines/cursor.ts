import { createHash } from 'node:crypto'
import { JobwrightError } from '../base/errors.ts'

/** Where a list goes on. */
export interface Place {
  /** Temporal's token of the page; empty for the first. */
  pageToken: string
  /** The last run of that page that was given; empty before the first. */
  afterId: string
}

/** What a list was asked for, as a cursor keeps it: values that are compared as text. */
export type Asked = Record<string, string>

/** A cursor knows what its list was asked for, so that no other list takes it. */
export function encodeCursor(asked: Asked, { pageToken, afterId }: Place): string {
  const text = JSON.stringify([1, asked, pageToken, afterId])
  return `${Buffer.from(text).toString('base64url')}.${checksumOf(text)}`
}

/** A token that is not its own makes Temporal fail as if it were away. */
function checksumOf(text: string): string {
  return createHash('sha256').update(text).digest('base64url').slice(0, 8)
}

/** @throws JobwrightError `bad_cursor`, and `cursor_of_other_filters` with the filter that differs */
export function decodeCursor(asked: Asked, cursor: string): Place {
  const [version, was, pageToken, afterId] = partsOf(cursor)
  const isRecord = typeof was === 'object' && was !== null && !Array.isArray(was)
  if (version !== 1 || !isRecord || typeof pageToken !== 'string' || typeof afterId !== 'string')
    throw badCursor()
  const other = [...new Set([...Object.keys(asked), ...Object.keys(was)])].find(
    (name) => asked[name] !== (was as Asked)[name],
  )
  if (other !== undefined)
    throw new JobwrightError({
      code: 'cursor_of_other_filters',
      fault: 'usage',
      message: `the cursor belongs to a list with another ${other}`,
      fix: 'give the filters that the list was begun with, or begin anew without a cursor',
    })
  return { pageToken, afterId }
}

export function badCursor(): JobwrightError {
  return new JobwrightError({
    code: 'bad_cursor',
    fault: 'usage',
    message: 'this is no cursor of a list of pipeline runs',
    fix: 'give the `nextCursor` of the page before, or begin anew without one',
  })
}

function partsOf(cursor: string): unknown[] {
  try {
    const [encoded = '', checksum] = cursor.split('.')
    const text = Buffer.from(encoded, 'base64url').toString('utf8')
    if (checksum !== checksumOf(text)) throw badCursor()
    const parts: unknown = JSON.parse(text)
    return Array.isArray(parts) ? parts : []
  } catch {
    throw badCursor()
  }
}
