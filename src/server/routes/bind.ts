import type { Context, Hono } from 'hono'
import {
  basePath,
  extensionRoutes,
  jobRunHeader,
  limits,
  type OperationId,
  pipelineRoutes,
  type RouteDescriptor,
  routes,
  scheduleRoutes,
} from '../../contract/index.ts'
import type { JobStore } from '../ports/index.ts'
import { type Admission, holdingNothing } from '../services/admission.ts'
import { type ApiCaller, authenticate, authenticateWorker } from '../services/callers.ts'
import { ApiProblem, nothingThere, orBadCursor } from '../services/problems.ts'
import { admitted } from './admission.ts'
import { readBytes, readJsonBody } from './body.ts'
import { contentDisposition } from './content-disposition.ts'
import type { Answer, HandlerInput, Handlers, RawBody } from './handler.ts'
import { parseRequest } from './parse-request.ts'
import { parameterCount, pathParams } from './paths.ts'
import { plainRoute } from './plain.ts'
import { eventHeaders, streamEvents } from './stream-events.ts'
import { streamList } from './stream-list.ts'

/** What every route needs besides its handler. */
export interface RouteContext {
  store: JobStore
  admission: Admission
  /** Aborted when the server begins to close. */
  closing: AbortSignal
  /** Told of what breaks after an answer has begun. */
  onError(error: unknown): void
  /** How long a stream of events is silent at most. */
  heartbeatMs: number
  /** Whether the extensions are there for handlers only, and for nobody else. */
  plain: boolean
}

/** A handler of any operation, as the loop below sees it. */
type AnyHandler = (input: HandlerInput<OperationId>) => Promise<Answer>

/** Binds each route of the contract to its handler. Fixed paths go first: `/job-runs/changes` is no job run. */
export function bindRoutes(app: Hono, handlers: Handlers, context: RouteContext): void {
  const fixedFirst = (Object.keys(routes) as OperationId[]).sort(
    (a, b) => parameterCount(routes[a].path) - parameterCount(routes[b].path),
  )
  for (const id of fixedFirst) {
    const route: RouteDescriptor = context.plain ? plainRoute(routes[id]) : routes[id]
    // Handler<id> takes the input that parseRequest makes from the same descriptor; the loop cannot say so in types.
    const handler = handlers[id] as unknown as AnyHandler
    app.on(route.method, honoPath(route.path), (c) =>
      admitted(c, route, context.admission, () => answerRequest(c, route, handler, context)).catch(
        (error: unknown) => {
          throw orBadCursor(error, 'cursor')
        },
      ),
    )
  }
}

function honoPath(path: string): string {
  return basePath + path.replace('{path}', ':path{.+}').replaceAll(/\{(\w+)\}/g, ':$1')
}

async function answerRequest(
  c: Context,
  route: RouteDescriptor,
  handler: AnyHandler,
  context: RouteContext,
): Promise<Response> {
  const caller = await callerOf(c, route, context.store).catch((error: unknown) => {
    throw context.plain && isExtension(route) && isRefusal(error) ? nothingThere(c.req.path) : error
  })
  const isThere =
    !context.plain || !isExtension(route) || (caller?.jobRunId !== undefined && !isOfPipelines(route))
  if (!isThere) throw nothingThere(c.req.path)
  const url = new URL(c.req.url)
  const jsonBody = typeof route.body === 'object' ? await arrived(readJsonBody(c.req.raw, route)) : undefined
  const parsed = parseRequest(route, {
    params: pathParams(basePath + route.path, url.pathname),
    query: url.searchParams,
    body: jsonBody,
  })
  const body = route.body === 'bytes' ? await arrived(readRaw(c.req.raw)) : parsed.body
  const input = {
    ...parsed,
    body,
    caller,
    header: (name: string) => c.req.header(name),
    waitEnds: [c.req.raw.signal, context.closing],
  } as unknown as HandlerInput<OperationId>
  return respond(await handler(input), route, c, context)
}

/** As a rule a body comes with its request. */
const bodyGraceMs = 50

/** A body; a client that is slow to send one is no load meanwhile. */
const arrived = <T>(body: Promise<T>) => holdingNothing(body, bodyGraceMs)

const isOfPipelines = ({ operationId }: RouteDescriptor) =>
  Object.hasOwn(pipelineRoutes, operationId) || Object.hasOwn(scheduleRoutes, operationId)
const isExtension = (route: RouteDescriptor) =>
  Object.hasOwn(extensionRoutes, route.operationId) || isOfPipelines(route)
const isRefusal = (error: unknown) => error instanceof ApiProblem && error.status < 500

async function callerOf(c: Context, route: RouteDescriptor, store: JobStore): Promise<ApiCaller | null> {
  const authorization = c.req.header('Authorization')
  switch (route.auth) {
    case 'token':
      return authenticate(store, { authorization, jobRun: c.req.header(jobRunHeader) })
    case 'worker':
      await authenticateWorker(store, authorization)
      return null
    case 'none':
      return null
  }
}

async function readRaw(request: Request): Promise<RawBody> {
  const content = await readBytes(request, Math.max(limits.documentBytes, limits.outputBytes))
  return { content, mediaType: request.headers.get('Content-Type') ?? 'application/octet-stream' }
}

async function respond(
  answer: Answer,
  route: RouteDescriptor,
  c: Context,
  context: RouteContext,
): Promise<Response> {
  switch (answer.kind) {
    case 'json':
      return new Response(JSON.stringify(answer.value), {
        status: answer.status ?? route.status,
        headers: { 'Content-Type': 'application/json', ...answer.headers },
      })
    case 'list': {
      const { bare = false } = answer
      const options = { bodyless: c.req.raw.method === 'HEAD', bare, onError: context.onError }
      const stream = await streamList(answer.page, options)
      return new Response(stream, { status: route.status, headers: { 'Content-Type': 'application/json' } })
    }
    case 'bytes':
      return new Response(new Uint8Array(answer.content), {
        status: route.status,
        headers: {
          'Content-Type': answer.mediaType,
          'Content-Length': String(answer.content.byteLength),
          'Content-Disposition': contentDisposition(answer.fileName),
          ...answer.headers,
        },
      })
    case 'events':
      return respondWithEvents(answer, c, context)
    case 'empty':
      return new Response(null, { status: 204 })
  }
}

async function respondWithEvents(
  { open, ends }: Extract<Answer, { kind: 'events' }>,
  c: Context,
  { heartbeatMs, onError }: RouteContext,
): Promise<Response> {
  const reader = new AbortController()
  const stop = () => reader.abort()
  const release = () => {
    stop()
    for (const signal of ends) signal.removeEventListener('abort', stop)
  }
  if (ends.some((signal) => signal.aborted)) stop()
  for (const signal of ends) signal.addEventListener('abort', stop, { once: true })
  try {
    const events = await open(reader.signal)
    // The answer to HEAD has no body, so nobody would ever read to the end.
    if (events === 'over' || c.req.raw.method === 'HEAD') {
      release()
      return new Response(null, { status: events === 'over' ? 204 : 200, headers: eventHeaders })
    }
    const stream = streamEvents(events, { heartbeatMs, end: reader.signal, release, onError })
    return new Response(stream, { status: 200, headers: eventHeaders })
  } catch (error) {
    release()
    throw error
  }
}
