import { JobwrightError } from '../../base/errors.ts'
import type { Mark } from './place.ts'

/** Something that a builder cannot take, and where it is. */
export interface Mistake {
  code: string
  message: string
  fix: string
  mark: Mark
}

/** A mistake where no pipeline is at hand that could report it: `definePipeline` makes a finding of it. */
export class BuilderError extends JobwrightError {
  override readonly name = 'BuilderError'
  readonly mistake: Mistake

  constructor(mistake: Mistake) {
    super({ code: mistake.code, fault: 'usage', message: mistake.message, fix: mistake.fix })
    this.mistake = mistake
  }
}
