import { z } from 'zod'
import type { Json, JsonObject } from '../../base/json.ts'
import {
  basePath,
  idempotencyKeyPattern,
  jobRunHeader,
  limits,
  problemSchema,
  type RouteDescriptor,
  routes,
  runEventSchema,
  stepEventSchema,
} from '../../contract/index.ts'

const titles: Readonly<Record<number, string>> = {
  401: 'No token, or one that is unknown or revoked',
  403: 'A token of the wrong kind',
  404: 'Unknown in this workspace',
  409: 'Not possible in the present state; `detail` names it',
  412: 'Not at the expected ETag',
  413: 'The body is over the limit',
  415: 'Not the expected Content-Type, or a Content-Encoding',
  422: 'Not valid; `errors` lists every problem',
  503: 'The database or Temporal does not answer now, or (`overloaded`) nothing was done, as there are more requests than can be answered in time; `Retry-After` says when to try again',
}

const headers = {
  'Idempotency-Key': {
    description:
      'Visible ASCII characters. The same key with the same body makes nothing new: it answers what the first request made, as that is now, with `Idempotent-Replayed: true`. A field of null is the same as none. Another body is a 422.',
    schema: {
      type: 'string',
      minLength: 1,
      maxLength: limits.idempotencyKeyCharacters,
      pattern: idempotencyKeyPattern.source,
    },
  },
  'If-None-Match': {
    description: 'Only `*`: write only when there is none yet.',
    schema: { type: 'string', const: '*' },
  },
  'If-Match': {
    description: 'An ETag that an earlier answer gave, or several, or `*`: change only that state.',
    schema: { type: 'string' },
  },
  'Last-Event-ID': {
    description:
      'The `id` of the last event that was read: the stream goes on after it. Without it, everything comes as it is now. `last_event_id` in the query says the same.',
    schema: { type: 'string', pattern: '^(0|[1-9][0-9]{0,14})$' },
  },
} satisfies Record<HeaderName, JsonObject>

type HeaderName = NonNullable<RouteDescriptor['headers']>[number]

/** The OpenAPI 3.1 document, from the same descriptors that routes and client are made of. */
export function createOpenApiDocument(version: string): JsonObject {
  const paths: Record<string, JsonObject> = {}
  for (const route of Object.values<RouteDescriptor>(routes)) {
    const operations = paths[route.path] ?? {}
    operations[route.method] = operation(route)
    paths[route.path] = operations
  }
  return {
    openapi: '3.1.0',
    info: {
      title: 'Jobwright Jobs API',
      version,
      description:
        'Jobs, their runs, and what runs read and write; pipelines and their runs. Errors are RFC 9457 problem details with a stable `code`.',
      license: { name: 'MIT', identifier: 'MIT' },
    },
    servers: [{ url: basePath }],
    tags: [...new Set(Object.values<RouteDescriptor>(routes).map((route) => route.tag))].map((name) => ({
      name,
    })),
    security: [{ token: [] }],
    paths,
    components: {
      securitySchemes: {
        token: {
          type: 'http',
          scheme: 'bearer',
          description: 'The token of a user; it belongs to a workspace.',
        },
        workerToken: {
          type: 'http',
          scheme: 'bearer',
          description: `The token of a worker. On other routes it acts for the job run named in ${jobRunHeader}.`,
        },
      },
      schemas: { Problem: schemaOf(problemSchema, 'output') },
    },
  }
}

function schemaOf(schema: z.ZodType, io: 'input' | 'output'): JsonObject {
  const { $schema: _, ...json } = z.toJSONSchema(schema, {
    target: 'draft-2020-12',
    io,
    unrepresentable: 'any',
    override: openAnswers(io),
  })
  return json as JsonObject
}

/** Answers may gain fields: a client must ignore what it does not know, so their schemas stay open. */
function openAnswers(io: 'input' | 'output') {
  return ({ jsonSchema }: { jsonSchema: { additionalProperties?: unknown } }) => {
    if (io === 'output' && jsonSchema.additionalProperties === false) delete jsonSchema.additionalProperties
  }
}

function operation(route: RouteDescriptor): JsonObject {
  const parameters = [
    ...fields(route.params, 'path'),
    ...fields(route.query, 'query'),
    ...(route.headers ?? []).map(headerParameter),
  ]
  return {
    operationId: route.operationId,
    summary: route.summary,
    tags: [route.tag],
    ...(route.auth === 'worker'
      ? { security: [{ workerToken: [] }] }
      : route.auth === 'none'
        ? { security: [] }
        : {}),
    ...(parameters.length === 0 ? {} : { parameters }),
    ...(route.body === undefined ? {} : { requestBody: requestBody(route) }),
    responses: responses(route),
  }
}

function fields(schema: z.ZodObject | undefined, where: 'path' | 'query'): JsonObject[] {
  if (schema === undefined) return []
  const { properties, required } = schemaOf(schema, 'input')
  const requiredNames: Json = required ?? []
  return Object.entries(properties as JsonObject).map(([name, field]) => ({
    name,
    in: where,
    required: where === 'path' || (Array.isArray(requiredNames) && requiredNames.includes(name)),
    schema: field,
    // Repeatable: ?statuses=failed&statuses=cancelled
    ...(isArray(field) ? { style: 'form', explode: true } : {}),
  }))
}

function isArray(schema: Json): boolean {
  return schema !== null && typeof schema === 'object' && !Array.isArray(schema) && schema['type'] === 'array'
}

function headerParameter(name: HeaderName): JsonObject {
  return { name, in: 'header', required: false, ...headers[name] }
}

function requestBody({ body, takesYaml = false, mayLackBody = false }: RouteDescriptor): JsonObject {
  if (body !== 'bytes' && body !== undefined) {
    const yaml = { 'application/yaml': { schema: { type: 'string', description: 'A pipeline file' } } }
    const content = { 'application/json': { schema: schemaOf(body, 'input') }, ...(takesYaml ? yaml : {}) }
    return { required: !mayLackBody, content }
  }
  return {
    required: false,
    description: `The content as it is, of at most ${limits.documentBytes} bytes; none is an empty one. Its Content-Type is kept, and is application/octet-stream when there is none.`,
    content: { '*/*': { schema: { type: 'string', contentMediaType: 'application/octet-stream' } } },
  }
}

function responses(route: RouteDescriptor): JsonObject {
  const { response } = route
  const success: JsonObject =
    response === 'none'
      ? { description: 'Done' }
      : {
          description: 'Done',
          content:
            response === 'bytes'
              ? { '*/*': {} }
              : response === 'events'
                ? { 'text/event-stream': eventStream() }
                : {
                    'application/json': { schema: schemaOf(response, 'output') },
                    ...(route.givesCsv ? { 'text/csv': { schema: { type: 'string' } } } : {}),
                  },
        }
  const common = [
    ...(route.auth === 'none' ? [] : [401, 403]),
    ...(route.body === undefined ? [] : [400, 413, 415]),
    422,
    503,
  ]
  const statuses = [...new Set([...route.problems, ...common])].sort((a, b) => a - b)
  return {
    [String(route.status)]: success,
    ...(route.planned ? { '200': planned(route.planned) } : {}),
    ...(route.operationId === 'getLatestRun' ? { '204': { description: 'The job has no runs' } } : {}),
    ...(response === 'events' ? { '204': { description: 'The run is over, and all of it was read' } } : {}),
    ...Object.fromEntries(
      statuses.map((status) => [
        String(status),
        {
          description:
            titles[status] ??
            (response === 'events' ? 'No id of an event of this run' : 'The body is not JSON, or broke off'),
          content: { 'application/problem+json': { schema: { $ref: '#/components/schemas/Problem' } } },
        },
      ]),
    ),
  }
}

const planned = (schema: z.ZodType): JsonObject => ({
  description: 'With `plan: true`: what would be done',
  content: { 'application/json': { schema: schemaOf(schema, 'output') } },
})

/** What the `data` of events is, by their names. */
function eventStream(): JsonObject {
  return {
    schema: { type: 'string' },
    description: 'Server-sent events. `step`: a line that changed; `run`: all of the run but its steps.',
    'x-event-data': { step: schemaOf(stepEventSchema, 'output'), run: schemaOf(runEventSchema, 'output') },
  }
}
