import type { z } from 'zod'
import type { OperationId, routes } from '../../contract/index.ts'
import type { ListPage } from '../ports/index.ts'
import type { ApiCaller } from '../services/callers.ts'
import type { RunEvent } from '../services/run-events.ts'

type Routes = typeof routes
type ParsedField<K extends OperationId, Field extends string> =
  Routes[K] extends Record<Field, infer S extends z.ZodType> ? z.output<S> : undefined
type BodyOf<K extends OperationId> = Routes[K] extends { body: 'bytes' } ? RawBody : ParsedField<K, 'body'>

/** A body that is stored as it came. */
export interface RawBody {
  mediaType: string
  content: Uint8Array
}

/** What a handler is given: everything parsed and checked against the route's descriptor. */
export interface HandlerInput<K extends OperationId> {
  params: ParsedField<K, 'params'>
  query: ParsedField<K, 'query'>
  body: BodyOf<K>
  /** Who calls; null on routes that workers report to. */
  caller: Routes[K] extends { auth: 'worker' } ? null : ApiCaller
  /** A header's value, undefined when it was not sent. */
  header(name: string): string | undefined
  /** Aborted when the client goes away or the server is closing: a wait should end. */
  waitEnds: readonly AbortSignal[]
}

type Headers = Readonly<Record<string, string>>

/** What a handler answers. `list` is streamed row by row; a bare one tells of no further page. `events` goes on until one of `ends` aborts. */
export type Answer =
  | { kind: 'json'; value: unknown; headers?: Headers; status?: 200 }
  | { kind: 'list'; page: ListPage<unknown>; bare?: boolean }
  | { kind: 'bytes'; content: Uint8Array; mediaType: string; fileName: string; headers?: Headers }
  | { kind: 'events'; open: OpenEvents; ends: readonly AbortSignal[] }
  | { kind: 'empty' }

/** `over`: there is nothing more, and never will be. `signal` aborts when nobody reads any more. */
type OpenEvents = (signal: AbortSignal) => Promise<'over' | AsyncIterableIterator<RunEvent[]>>

type BytesAnswer = Extract<Answer, { kind: 'bytes' }>
/** Of what would be done. */
type PlanAnswer<T> = { kind: 'json'; value: T; status: 200 }
type JsonAnswer<T> = { kind: 'json'; value: T; headers?: Headers }
type AnswerTo<R> = R extends 'events'
  ? Extract<Answer, { kind: 'events' }>
  : R extends z.ZodType
    ? z.output<R> extends { items: (infer Item)[]; count: number }
      ? { kind: 'list'; page: ListPage<Item> }
      : JsonAnswer<z.output<R>> | { kind: 'empty' }
    : BytesAnswer

type AnswerOf<K extends OperationId> =
  | AnswerTo<Routes[K]['response']>
  | (Routes[K] extends { givesCsv: true } ? BytesAnswer : never)
  | (Routes[K] extends { planned: infer P extends z.ZodType } ? PlanAnswer<z.output<P>> : never)

/** Answers one operation; its types follow from the descriptor in the contract. */
export type Handler<K extends OperationId> = (input: HandlerInput<K>) => AnswerOf<K> | Promise<AnswerOf<K>>

/** The handlers of some operations. */
export type Handlers<K extends OperationId = OperationId> = { readonly [Id in K]: Handler<Id> }

export function json<T>(value: T, headers?: Headers): JsonAnswer<T> {
  return { kind: 'json', value, ...(headers === undefined ? {} : { headers }) }
}

export function list<T>(page: ListPage<T>): { kind: 'list'; page: ListPage<T> } {
  return { kind: 'list', page }
}
