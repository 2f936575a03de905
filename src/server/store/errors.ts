/** A cursor that this list did not make, for instance of another list, workspace or database. */
export class BadCursorError extends Error {
  override readonly name = 'BadCursorError'
  readonly code = 'bad_cursor'

  constructor() {
    super(
      'The cursor was not made by this list; take it from an earlier answer of the same list, or leave it out',
    )
  }
}

/** The database cannot be opened. The message never holds a password. */
export class StoreOpenError extends Error {
  override readonly name = 'StoreOpenError'
  readonly code:
    | 'database_unreachable'
    | 'database_url_invalid'
    | 'embedded_database_broken'
    | 'migration_failed'

  constructor(code: StoreOpenError['code'], message: string, cause?: unknown) {
    super(message, cause === undefined ? undefined : { cause })
    this.code = code
  }
}

/** The SQLSTATE or system code of a driver's error; both drivers put it in `code`. */
export function errorCode(error: unknown): string | undefined {
  return error instanceof Error && 'code' in error && typeof error.code === 'string' ? error.code : undefined
}
