import { STATUS_CODES } from 'node:http'
import type { Problem } from '../../contract/index.ts'
import { ApiProblem } from '../services/problems.ts'

/** The answer to a request that cannot be answered as asked (RFC 9457). */
export function problemResponse(problem: ApiProblem): Response {
  const body: Problem = {
    type: `urn:jobwright:problem:${problem.code}`,
    title: STATUS_CODES[problem.status] ?? 'Error',
    status: problem.status,
    detail: problem.message,
    code: problem.code,
    ...(problem.errors.length === 0 ? {} : { errors: [...problem.errors] }),
  }
  return new Response(JSON.stringify(body), {
    status: problem.status,
    headers: { 'Content-Type': 'application/problem+json', ...problem.headers },
  })
}

/** Anything thrown as a problem. What nobody foresaw becomes a 500 that tells nothing of the inside. */
export function asProblem(error: unknown, onUnforeseen: (error: unknown) => void): ApiProblem {
  if (error instanceof ApiProblem) return error
  onUnforeseen(error)
  return new ApiProblem(500, 'internal_error', 'The server failed to answer; its log says why')
}
