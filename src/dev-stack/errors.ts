export type StackErrorCode =
  | 'port_in_use'
  | 'port_unusable'
  | 'data_dir_in_use'
  | 'data_dir_unusable'
  | 'child_failed'
  | 'child_not_ready'
  | 'interrupted'

/** The stack cannot start, or cannot go on. The message says what was found and what to do. */
export class StackError extends Error {
  override readonly name = 'StackError'
  readonly code: StackErrorCode

  constructor(code: StackErrorCode, message: string, options?: ErrorOptions) {
    super(message, options)
    this.code = code
  }
}
