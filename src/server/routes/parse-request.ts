import { z } from 'zod'
import { jsonPointer } from '../../base/json-pointer.ts'
import type { RouteDescriptor } from '../../contract/index.ts'
import { invalid, type ProblemDetail } from '../services/problems.ts'
import { refusedContent } from './json-text.ts'
import { queryValues } from './query-values.ts'

/** A request as text: what its path, query and body carry, before anything is checked. */
export interface RawRequest {
  params: Readonly<Record<string, string>>
  query: URLSearchParams
  /** The parsed JSON body; undefined when there is none or it is not JSON. */
  body: unknown
}

/**
 * Checks a request against its route.
 * @throws ApiProblem 422 with all problems of path, query and body at once
 */
export function parseRequest(
  route: RouteDescriptor,
  raw: RawRequest,
): { params: unknown; query: unknown; body: unknown } {
  const problems: ProblemDetail[] = []
  const params = check(route.params ?? z.object({}), raw.params, (path) => `{${path.join('.')}}`, problems)
  const query = parseQuery(route.query, raw.query, problems)
  const body = typeof route.body === 'object' ? parseBody(route.body, raw.body, problems) : undefined
  if (problems.length > 0) throw invalid('validation_failed', problems)
  return { params, query, body }
}

function parseBody(schema: z.ZodType, value: unknown, problems: ProblemDetail[]): unknown {
  if (value === undefined) {
    problems.push({ pointer: '', detail: 'is empty; expected a JSON object' })
    return undefined
  }
  return checkUnlessRefused(schema, value, jsonPointer, refusedContent(value), problems)
}

function parseQuery(
  schema: z.ZodObject | undefined,
  query: URLSearchParams,
  problems: ProblemDetail[],
): unknown {
  const refused: ProblemDetail[] = []
  const values = queryValues(schema, query, refused)
  const pointer = (path: readonly PropertyKey[]) => `?${String(path[0])}`
  return checkUnlessRefused(schema ?? z.strictObject({}), values, pointer, refused, problems)
}

/** What was refused before is not told once more in the words of the schema. */
function checkUnlessRefused(
  schema: z.ZodType,
  value: unknown,
  pointer: (path: readonly PropertyKey[]) => string,
  refused: readonly ProblemDetail[],
  problems: ProblemDetail[],
): unknown {
  problems.push(...refused)
  const known = new Set(refused.map((problem) => problem.pointer))
  const found: ProblemDetail[] = []
  const parsed = check(schema, value, pointer, found)
  problems.push(...found.filter((problem) => !known.has(problem.pointer)))
  return parsed
}

function check(
  schema: z.ZodType,
  value: unknown,
  pointer: (path: readonly PropertyKey[]) => string,
  problems: ProblemDetail[],
): unknown {
  const parsed = schema.safeParse(value)
  if (parsed.success) return parsed.data
  problems.push(...parsed.error.issues.flatMap((issue) => issueProblems(issue, pointer)))
  return undefined
}

function issueProblems(
  issue: z.core.$ZodIssue,
  pointer: (path: readonly PropertyKey[]) => string,
): ProblemDetail[] {
  if (issue.code === 'unrecognized_keys')
    return issue.keys.map((key) => ({ pointer: pointer([...issue.path, key]), detail: 'is not known here' }))
  return [{ pointer: pointer(issue.path), detail: issue.message }]
}
