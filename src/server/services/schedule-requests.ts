import { createHash } from 'node:crypto'
import { JobwrightError } from '../../base/errors.ts'
import type { Json } from '../../base/json.ts'
import { scheduleNamePattern } from '../../contract/index.ts'
import { PipelineFindingsError } from '../../pipeline/index.ts'
import { withFindings } from './pipeline-compiler.ts'
import { throwAsProblem } from './pipeline-runs.ts'
import { invalid } from './problems.ts'
import { instants, milliseconds } from './queries.ts'

/** What requests on schedules and on their backfills have in common. */

/** Where in a request it stands what an error of a code is about. */
export type Pointers = Readonly<Record<string, string>>

/** @throws ApiProblem for whatever is expected; anything else as it is */
export function throwWith(error: unknown, pointers: Pointers = {}): never {
  if (error instanceof PipelineFindingsError && error.code === 'invalid_inputs')
    throw withFindings('invalid_inputs', '/inputs', error.findings)
  const pointer =
    error instanceof JobwrightError && error.fault === 'usage' ? pointers[error.code] : undefined
  if (pointer === undefined || !(error instanceof JobwrightError)) return throwAsProblem(error)
  const { code, message, fix } = error
  throw invalid(code, [{ pointer, detail: fix === undefined ? message : `${message}; ${fix}` }])
}

/** What makes an id of something that is made once. Nothing in it can be guessed from, and no other parts make the same. */
export function keyDigits(parts: Json): string {
  return createHash('sha256').update(JSON.stringify(parts)).digest('hex').slice(0, 40)
}

interface TimeRange {
  from?: string | undefined
  until?: string | undefined
}

/**
 * In milliseconds.
 * @param at where it stands: in the query, or in the body
 * @throws ApiProblem 422
 */
export function rangeOf(
  range: { from: string; until: string },
  at: '?' | '/',
): { fromMs: number; untilMs: number }
export function rangeOf(
  range: TimeRange,
  at: '?' | '/',
): { fromMs: number | undefined; untilMs: number | undefined }
export function rangeOf(range: TimeRange, at: '?' | '/') {
  const { from, until } = instants(range, ['from', 'until'], at)
  return { fromMs: milliseconds(from), untilMs: milliseconds(until) }
}

/** @throws ApiProblem 422 */
export function checkScheduleName(name: string): void {
  if (scheduleNamePattern.test(name)) return
  throw invalid('validation_failed', [
    {
      pointer: '{name}',
      detail: `${JSON.stringify(name.slice(0, 80))} cannot name a schedule; expected letters, digits, -, _ and ., beginning with a letter or digit, at most 100`,
    },
  ])
}
