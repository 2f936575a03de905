import { causesOf, codeOf, messageOf } from '../base/causes.ts'

/**
 * An error as the log keeps it: what names it and no more. Drivers hang the query's parameters and the failing row on
 * theirs, and with them configs, documents and whatever else was being stored.
 */
export function loggable(error: unknown): unknown {
  const errors = causesOf(error).map(fieldsOf)
  const last = errors.length - 1
  return errors.reduceRight<object>(
    (cause, fields, index) => ({ ...fields, ...(index < last ? { cause } : {}) }),
    {},
  )
}

function fieldsOf(error: unknown): object {
  const code = codeOf(error)
  return {
    type: error instanceof Error ? error.name : typeof error,
    message: messageOf(error),
    ...(code === undefined ? {} : { code }),
    ...(error instanceof Error ? { stack: error.stack } : {}),
  }
}
