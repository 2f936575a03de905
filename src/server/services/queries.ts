import { queryTimeForm } from '../../contract/index.ts'
import { invalid, type ProblemDetail } from './problems.ts'
import { parseTimestamp } from './timestamps.ts'

interface WindowQuery {
  created_after?: string | undefined
  created_before?: string | undefined
  limit?: number | undefined
  cursor?: string | undefined
}

/**
 * The bounds and the page of a list.
 * @throws ApiProblem 422 for timestamps in no form that is taken, all of them at once
 */
export function window(query: WindowQuery) {
  const { created_after, created_before } = instants(query, ['created_after', 'created_before'])
  return {
    createdAfter: created_after,
    createdBefore: created_before,
    limit: query.limit,
    cursor: query.cursor,
  }
}

/**
 * Times of a query as instants, RFC 3339 with microseconds; or of a body, where that is said.
 * @throws ApiProblem 422 for those in no form that is taken, all of them at once
 */
export function instants<Name extends string>(
  query: { readonly [N in Name]?: string | undefined },
  names: readonly Name[],
  at: '?' | '/' = '?',
): { [N in Name]?: string } {
  const problems: ProblemDetail[] = []
  const found: { [N in Name]?: string } = {}
  for (const name of names) {
    const text = query[name]
    if (text === undefined) continue
    const parsed = parseTimestamp(text)
    if (parsed !== undefined) {
      found[name] = parsed
      continue
    }
    // A plus sign in a query string is a space.
    const hint = at === '?' && / \d\d:\d\d$/.test(text) ? '; write the + of an offset as %2B' : ''
    problems.push({
      pointer: `${at}${name}`,
      detail: `${JSON.stringify(text.slice(0, 60))} is not a time; expected ${queryTimeForm}${hint}`,
    })
  }
  if (problems.length > 0) throw invalid('validation_failed', problems)
  return found
}

/**
 * Runs and schedules count milliseconds, queries microseconds: a fraction is in none of their times, so that bounds are rounded up.
 * @param instant as `instants` gives it
 */
export function milliseconds(instant: string): number
export function milliseconds(instant: string | undefined): number | undefined
export function milliseconds(instant: string | undefined): number | undefined {
  return instant === undefined ? undefined : Date.parse(instant) + (instant.endsWith('000Z') ? 0 : 1)
}
