import { JobwrightError } from '../base/errors.ts'
import { ExpressionError } from '../expressions/evaluate.ts'
import type { StepError } from '../pipeline/plan/index.ts'
import { finalError } from '../remote-run/index.ts'

/** Why a step cannot go on with what it was given; it fails for it, the pipeline run goes on. */
export class StepFailure extends JobwrightError {
  override readonly name = 'StepFailure'

  constructor(code: string, message: string) {
    super({ code, fault: 'usage', message })
  }
}

/** @throws the error itself when no step can answer for it */
export function stepErrorOf(error: unknown): StepError {
  if (error instanceof StepFailure || error instanceof ExpressionError)
    return { code: error.code, message: error.message }
  const final = finalError(error)
  if (!final) throw error
  return final
}
