import { evaluationError } from '../pipeline/evaluate/index.ts'
import type { StepError } from '../pipeline/plan/index.ts'
import { finalError } from '../remote-run/index.ts'

/** @throws the error itself when no step can answer for it */
export function stepErrorOf(error: unknown): StepError {
  const known = evaluationError(error) ?? finalError(error)
  if (!known) throw error
  return known
}
