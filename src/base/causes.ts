import { JobwrightError } from './errors.ts'

/** Pieces to read anything that was thrown: an Error, a text, an object of somebody else's making. */

const mostCauses = 20

/**
 * An error and all that stands behind it, outermost first: its `cause`, that one's, and so on, and the `errors` of an
 * AggregateError before its cause. Bounded, and each once, since a cause may point back.
 */
export function causesOf(error: unknown): unknown[] {
  const found: unknown[] = []
  const add = (one: unknown): void => {
    if (one === undefined || found.length === mostCauses || found.includes(one)) return
    found.push(one)
    if (typeof one !== 'object' || one === null) return
    // Whatever was rejected with; in a field of that name of anything else only errors are meant.
    if (one instanceof AggregateError) one.errors.forEach(add)
    else if ('errors' in one && Array.isArray(one.errors)) one.errors.filter(isError).forEach(add)
    if ('cause' in one) add(one.cause)
  }
  add(error)
  return found
}

const isError = (value: unknown): value is Error => value instanceof Error

/** The `code` of an error where it has one that is text: ours, the system's (`ENOENT`) or a driver's. */
export function codeOf(error: unknown): string | undefined {
  const code = typeof error === 'object' && error !== null && 'code' in error ? error.code : undefined
  return typeof code === 'string' ? code : undefined
}

/**
 * What an error says, in one line; of ours with what to do about it. Of an object that says nothing only the names of
 * its fields are told: what they hold may be a secret.
 */
export function messageOf(error: unknown): string {
  if (typeof error !== 'object' || error === null) return String(error)
  if (error instanceof JobwrightError && error.fix !== undefined) return `${error.message}; ${error.fix}`
  const { message, code, name } = error as Record<'message' | 'code' | 'name', unknown>
  for (const text of error instanceof Error ? [message, code, name] : [message, code])
    if ((typeof text === 'string' && text !== '') || typeof text === 'number') return String(text)
  return `an object with ${Object.keys(error).join(', ') || 'no fields'}`
}

/** The message and those of the causes, each once: `fetch failed: connect ECONNREFUSED 127.0.0.1:1`. */
export function messageWithCauses(error: unknown): string {
  const parts: string[] = []
  for (const text of causesOf(error).map(messageOf))
    if (!parts.some((part) => part.includes(text))) parts.push(text)
  return parts.join(': ')
}

/** What the innermost cause says: where connections are concerned, the outer ones say little. */
export function rootMessageOf(error: unknown): string {
  return messageOf(causesOf(error).at(-1))
}
