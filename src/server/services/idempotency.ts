import { createHash } from 'node:crypto'
import { canonicalJson, type Json } from '../../base/json.ts'
import { idempotencyKeyPattern, limits } from '../../contract/index.ts'
import type { IdempotencyKey, Keyed } from '../ports/index.ts'
import { ApiProblem, invalid } from './problems.ts'

/** What is wrong with a key; undefined when nothing is. */
export function idempotencyKeyProblem(key: string): string | undefined {
  if (key.length > limits.idempotencyKeyCharacters)
    return `has ${key.length} characters; at most ${limits.idempotencyKeyCharacters} are taken`
  return idempotencyKeyPattern.test(key)
    ? undefined
    : 'expected visible ASCII characters without spaces, at least one'
}

/**
 * The key of a request with the hash that tells whether it is the same request again: the same body as its schema reads it, in
 * which a field of null is one that is absent. Within a field null is a value: in a patch it deletes.
 * @throws ApiProblem 422 for a key that no header should carry
 */
export function idempotencyKey(key: string | undefined, body: object): IdempotencyKey | undefined {
  if (key === undefined) return undefined
  const problem = idempotencyKeyProblem(key)
  if (problem !== undefined)
    throw invalid('validation_failed', [{ pointer: 'Idempotency-Key', detail: problem }])
  const requestHash = createHash('sha256')
    .update(canonicalJson(withoutNulls(body)))
    .digest('hex')
  return { key, requestHash }
}

function withoutNulls(body: object): Json {
  return Object.fromEntries(
    Object.entries(body).filter(([, value]) => value !== null && value !== undefined),
  ) as Json
}

/**
 * What a key stands for, as it is now, and whether it was made by an earlier request.
 * @throws ApiProblem 422 when the key was used for another body, 409 when it was cancelled before it was ever used
 */
export function keyedValue<T>(keyed: Keyed<T>): { value: T; replayed: boolean } {
  switch (keyed.outcome) {
    case 'created':
      return { value: keyed.value, replayed: false }
    case 'replayed':
      return { value: keyed.value, replayed: true }
    case 'reused':
      throw new ApiProblem(
        422,
        'idempotency_key_reused',
        'This Idempotency-Key was used for another body; send the body it was first used with, or use another key',
        { errors: [{ pointer: 'Idempotency-Key', detail: 'used before with another body' }] },
      )
    case 'barred':
      throw new ApiProblem(
        409,
        'key_barred',
        'This Idempotency-Key was cancelled before anything was started with it, and can never start anything; use another key',
      )
  }
}
