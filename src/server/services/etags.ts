import { createHash } from 'node:crypto'
import { canonicalJson, type Json } from '../../base/json.ts'
import { ApiProblem, invalid } from './problems.ts'

/** An ETag as HTTP writes it. */
export function quoted(etag: string): string {
  return `"${etag}"`
}

/** The ETag of what is answered as this JSON, without its quotes. */
export function etagOf(value: object): string {
  return createHash('sha256')
    .update(canonicalJson(value as Json))
    .digest('base64url')
    .slice(0, 22)
}

/**
 * The etags of an `If-Match` without their quotes. A weak one keeps its mark, since it matches nothing.
 * @throws ApiProblem 422
 */
export function parseEtags(text: string): '*' | string[] {
  if (text.trim() === '*') return '*'
  return text.split(',').map((part) => {
    const match = /^(W\/)?"([\x21\x23-\x7e]*)"$/.exec(part.trim())
    if (!match)
      throw invalid('validation_failed', [
        { pointer: 'If-Match', detail: 'expected * or an ETag in quotes, as an earlier answer gave it' },
      ])
    return `${match[1] ?? ''}${match[2] ?? ''}`
  })
}

/** 412. `etag`: what it is at; null: there is none. */
export function preconditionFailed(what: string, etag: string | null): ApiProblem {
  const state = etag === null ? 'there is none' : `it is at ${quoted(etag)}`
  return new ApiProblem(
    412,
    'precondition_failed',
    `${what} is not the one expected: ${state}; read it again and decide anew`,
    { headers: etag === null ? {} : { ETag: quoted(etag) } },
  )
}
