import { ExpressionError } from '../../expressions/evaluate.ts'
import { type StepError, StepFailure } from '../plan/index.ts'

/** What a step fails with that could not be evaluated; undefined for an error that is not of that kind. */
export function evaluationError(error: unknown): StepError | undefined {
  if (error instanceof StepFailure || error instanceof ExpressionError)
    return { code: error.code, message: error.message }
  return undefined
}
