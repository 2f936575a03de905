import { STATUS_CODES } from 'node:http'
import { messageOf } from '../../base/causes.ts'
import { faults, JobwrightError } from '../../base/errors.ts'
import type { Problem } from '../../contract/index.ts'
import { ApiProblem, unavailable } from '../services/problems.ts'

/** The answer to a request that cannot be answered as asked (RFC 9457). */
export function problemResponse(problem: ApiProblem): Response {
  const body: Problem = {
    type: `urn:jobwright:problem:${problem.code}`,
    title: STATUS_CODES[problem.status] ?? 'Error',
    status: problem.status,
    detail: problem.message,
    code: problem.code,
    ...(problem.errors.length === 0 ? {} : { errors: [...problem.errors] }),
    ...(problem.findings.length === 0 ? {} : { findings: [...problem.findings] }),
  }
  return new Response(JSON.stringify(body), {
    status: problem.status,
    headers: { 'Content-Type': 'application/problem+json', ...problem.headers },
  })
}

/**
 * Anything thrown as a problem, by whose fault it is. What nobody foresaw becomes a 500 that tells nothing of the inside.
 * @param onFailure told of what is wrong with the server, not with the request
 */
export function asProblem(error: unknown, onFailure: (error: unknown) => void): ApiProblem {
  if (error instanceof ApiProblem) return error
  const fault = error instanceof JobwrightError ? error.fault : 'defect'
  if (fault === 'unreachable' || fault === 'defect') onFailure(error)
  if (!(error instanceof JobwrightError) || fault === 'defect')
    return new ApiProblem(
      faults.defect.httpStatus,
      'internal_error',
      'The server failed to answer; its log says why',
    )
  if (fault === 'unreachable') return unavailable(error.code, messageOf(error))
  return new ApiProblem(faults[fault].httpStatus, error.code, messageOf(error))
}
