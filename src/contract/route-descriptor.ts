import type { z } from 'zod'

export interface RouteDescriptor {
  operationId: string
  method: 'get' | 'post' | 'put' | 'patch' | 'delete'
  /** OpenAPI form; `{path}` of a document may contain slashes. */
  path: string
  summary: string
  tag: 'Jobs' | 'Job runs' | 'Documents' | 'Metagraphs' | 'Worker' | 'Server'
  auth: 'token' | 'worker' | 'none'
  params?: z.ZodObject
  query?: z.ZodObject
  /** A JSON body, or `bytes` for a raw one. */
  body?: z.ZodType | 'bytes'
  /** Headers that mean something here, by name. */
  headers?: readonly ('Idempotency-Key' | 'If-Match' | 'If-None-Match')[]
  status: 200 | 201 | 204
  /** The JSON answer, `bytes` for a raw one, `none` for no body. */
  response: z.ZodType | 'bytes' | 'none'
  /** Other statuses an honest caller meets. 401, 413, 415 and 422 apply wherever they make sense. */
  problems: readonly number[]
}
