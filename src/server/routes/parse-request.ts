import { z } from 'zod'
import { jsonPointer } from '../../base/json-pointer.ts'
import type { RouteDescriptor } from '../../contract/index.ts'
import { invalid, type ProblemDetail } from '../services/problems.ts'
import { refusedContent, textProblem } from './json-text.ts'

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
  const values = queryValues(route.query, raw.query, problems)
  const told = new Set(problems.map((problem) => problem.pointer))
  const found: ProblemDetail[] = []
  const query = check(route.query ?? z.strictObject({}), values, (path) => `?${String(path[0])}`, found)
  problems.push(...found.filter((problem) => !told.has(problem.pointer)))
  const body = typeof route.body === 'object' ? parseBody(route.body, raw.body, problems) : undefined
  if (problems.length > 0) throw invalid('validation_failed', problems)
  return { params, query, body }
}

function parseBody(schema: z.ZodType, value: unknown, problems: ProblemDetail[]): unknown {
  if (value === undefined) {
    problems.push({ pointer: '', detail: 'is empty; expected a JSON object' })
    return undefined
  }
  const refused = refusedContent(value)
  problems.push(...refused)
  const known = new Set(refused.map((problem) => problem.pointer))
  const found: ProblemDetail[] = []
  const parsed = check(schema, value, jsonPointer, found)
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

/** Whether a field of a query schema is a list, and so may be repeated. */
function isRepeatable(schema: z.ZodType | undefined): boolean {
  if (schema instanceof z.ZodOptional) return isRepeatable(schema.unwrap() as z.ZodType)
  return schema instanceof z.ZodArray
}

/** Whether a field of a query schema is a number: `Number()` alone takes an empty text, `0x1` and `1e0`, too. */
function isNumber(schema: z.ZodType | undefined): boolean {
  if (schema instanceof z.ZodOptional) return isNumber(schema.unwrap() as z.ZodType)
  return schema instanceof z.ZodNumber
}

function queryValues(
  schema: z.ZodObject | undefined,
  query: URLSearchParams,
  problems: ProblemDetail[],
): Record<string, unknown> {
  const values: [string, unknown][] = []
  for (const name of new Set(query.keys())) {
    const given = query.getAll(name)
    for (const text of [name, ...given]) {
      const problem = textProblem(text)
      if (problem) problems.push({ pointer: `?${name.replaceAll('\0', '\ufffd')}`, detail: problem })
    }
    const field = schema && Object.hasOwn(schema.shape, name) ? (schema.shape[name] as z.ZodType) : undefined
    if (field && !isRepeatable(field) && given.length > 1)
      problems.push({ pointer: `?${name}`, detail: `is given ${given.length} times; expected once` })
    if (isNumber(field))
      for (const text of given.filter((text) => !/^\d+(\.\d+)?$/.test(text)))
        problems.push({
          pointer: `?${name}`,
          detail: `is ${JSON.stringify(text.slice(0, 60))}; expected decimal digits`.toWellFormed(),
        })
    values.push([name, isRepeatable(field) ? given : given[0]])
  }
  return Object.fromEntries(values)
}
