import { type Fault, JobwrightError } from '../base/errors.ts'

export type StackErrorCode =
  | 'port_in_use'
  | 'port_unusable'
  | 'data_dir_in_use'
  | 'data_dir_unusable'
  | 'child_failed'
  | 'child_not_ready'
  | 'interrupted'

/** The stack cannot start, or cannot go on. */
export class StackError extends JobwrightError {
  override readonly name = 'StackError'

  constructor(
    code: StackErrorCode,
    message: string,
    details: { fix?: string; cause?: unknown; fault?: Fault } = {},
  ) {
    super({ fault: 'unreachable', ...details, code, message })
  }
}
