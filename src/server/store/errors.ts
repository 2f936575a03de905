import { type Fault, JobwrightError } from '../../base/errors.ts'

/** A cursor that this list did not make, for instance of another list, workspace or database. */
export function badCursor(): JobwrightError {
  return new JobwrightError({
    code: 'bad_cursor',
    fault: 'usage',
    message: 'The cursor was not made by this list',
    fix: 'take it from an earlier answer of the same list, or leave it out',
  })
}

const faultsOfOpening = {
  database_url_invalid: 'usage',
  database_unreachable: 'unreachable',
  embedded_database_broken: 'unreachable',
  migration_failed: 'unreachable',
} as const satisfies Record<string, Fault>

/** The database cannot be opened. The message never holds a password. */
export function cannotOpen(
  code: keyof typeof faultsOfOpening,
  details: { message: string; fix?: string; cause?: unknown },
): JobwrightError {
  return new JobwrightError({ ...details, code, fault: faultsOfOpening[code] })
}

/** The database was open and is gone, or closes the connection. What its driver says is for the log alone. */
export function storeUnavailable(cause: unknown): JobwrightError {
  return new JobwrightError({
    code: 'store_unavailable',
    fault: 'unreachable',
    message: 'The database does not answer',
    cause,
  })
}
