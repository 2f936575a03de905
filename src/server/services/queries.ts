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
  const problems: ProblemDetail[] = []
  const instant = (name: 'created_after' | 'created_before') => {
    const text = query[name]
    if (text === undefined) return undefined
    const parsed = parseTimestamp(text)
    if (parsed === undefined) {
      // A plus sign in a query string is a space.
      const hint = / \d\d:\d\d$/.test(text) ? '; write the + of an offset as %2B' : ''
      problems.push({
        pointer: `?${name}`,
        detail: `${JSON.stringify(text.slice(0, 60))} is not a time; expected ${queryTimeForm}${hint}`,
      })
    }
    return parsed
  }
  const bounds = {
    createdAfter: instant('created_after'),
    createdBefore: instant('created_before'),
    limit: query.limit,
    cursor: query.cursor,
  }
  if (problems.length > 0) throw invalid('validation_failed', problems)
  return bounds
}
