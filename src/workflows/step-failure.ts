import { ExpressionError } from '../expressions/evaluate.ts'
import { type StepError, StepFailure } from '../pipeline/plan/index.ts'
import { finalError } from '../remote-run/index.ts'

/** @throws the error itself when no step can answer for it */
export function stepErrorOf(error: unknown): StepError {
  if (error instanceof StepFailure || error instanceof ExpressionError)
    return { code: error.code, message: error.message }
  const final = finalError(error)
  if (!final) throw error
  return final
}
