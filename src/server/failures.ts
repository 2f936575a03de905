const badUse: readonly string[] = [
  'bad_environment',
  'bad_user_config',
  'bad_job_type',
  'unusable_job_type_schema',
  'database_url_invalid',
]
const unreachable: readonly string[] = [
  'port_in_use',
  'cannot_listen',
  'database_unreachable',
  'migration_failed',
  'embedded_database_broken',
]

function codeOf(error: unknown): string | undefined {
  return error instanceof Error && 'code' in error && typeof error.code === 'string' ? error.code : undefined
}

/** What a person is told when the server does not start: a sentence where we know the cause, the stack where not. */
export function explain(error: unknown): string {
  if (!(error instanceof Error)) return String(error)
  return codeOf(error) === undefined ? (error.stack ?? error.message) : error.message
}

/** 2 for what has to be written differently, 3 for what is not there or taken, 1 for the rest. */
export function exitCodeOf(error: unknown): 1 | 2 | 3 {
  const code = codeOf(error) ?? ''
  if (badUse.includes(code)) return 2
  return unreachable.includes(code) || code.includes('locked') ? 3 : 1
}

/**
 * An error as the log keeps it: what names it and no more. Drivers hang the query's parameters and the failing row on
 * theirs, and with them configs, documents and whatever else was being stored.
 */
export function loggable(error: unknown): unknown {
  if (!(error instanceof Error)) return String(error)
  const code = codeOf(error)
  return {
    type: error.name,
    message: error.message,
    ...(code === undefined ? {} : { code }),
    stack: error.stack,
    ...(error.cause === undefined ? {} : { cause: loggable(error.cause) }),
  }
}
