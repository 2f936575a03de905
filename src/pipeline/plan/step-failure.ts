import { JobwrightError } from '../../base/errors.ts'

/** Why a step cannot go on with what it was given; it fails for it, the pipeline run goes on. */
export class StepFailure extends JobwrightError {
  override readonly name = 'StepFailure'

  constructor(code: string, message: string) {
    super({ code, fault: 'usage', message })
  }
}
