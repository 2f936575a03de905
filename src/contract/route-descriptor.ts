import type { z } from 'zod'

export interface RouteDescriptor {
  operationId: string
  method: 'get' | 'post' | 'put' | 'patch' | 'delete'
  /** OpenAPI form; `{path}` of a document may contain slashes. */
  path: string
  summary: string
  tag:
    | 'Jobs'
    | 'Job runs'
    | 'Pipelines'
    | 'Pipeline runs'
    | 'Schedules'
    | 'Documents'
    | 'Metagraphs'
    | 'Worker'
    | 'Server'
  auth: 'token' | 'worker' | 'none'
  params?: z.ZodObject
  query?: z.ZodObject
  /** A JSON body, or `bytes` for a raw one. */
  body?: z.ZodType | 'bytes'
  /** Of a JSON body. @default `limits.bodyBytes`, `limits.jsonDepth` */
  bodyLimits?: { bytes: number; depth: number }
  /** A body of `application/yaml` is taken for the field `yaml` of the JSON one. */
  takesYaml?: boolean
  /** A JSON body that is left out is an empty one. */
  mayLackBody?: boolean
  /** With `plan: true` in the body nothing is done, and 200 with this is the answer. */
  planned?: z.ZodType
  /** To who accepts `text/csv` alone, the items of the answer are lines of it. */
  givesCsv?: boolean
  /** Headers that mean something here, by name. */
  headers?: readonly ('Idempotency-Key' | 'If-Match' | 'If-None-Match' | 'Last-Event-ID')[]
  status: 200 | 201 | 204
  /** The JSON answer, `bytes` for a raw one, `events` for a stream of server-sent ones, `none` for no body. */
  response: z.ZodType | 'bytes' | 'events' | 'none'
  /** Other statuses an honest caller meets. 401, 413, 415 and 422 apply wherever they make sense. */
  problems: readonly number[]
}
