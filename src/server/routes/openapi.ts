import { z } from 'zod'
import type { Json, JsonObject } from '../../base/json.ts'
import { basePath, jobRunHeader, problemSchema, type RouteDescriptor, routes } from '../../contract/index.ts'

const titles: Readonly<Record<number, string>> = {
  401: 'No token, or one that is unknown or revoked',
  403: 'A token of the wrong kind',
  404: 'Unknown in this workspace',
  409: 'Not possible in the present state; `detail` names it',
  412: 'Not at the expected ETag',
  413: 'The body is over the limit',
  415: 'Not the expected Content-Type',
  422: 'Not valid; `errors` lists every problem',
}

const headerNotes: Readonly<Record<string, string>> = {
  'Idempotency-Key':
    'At most 255 visible ASCII characters. The same key with the same body answers the first answer again, with `Idempotent-Replayed: true`.',
  'If-None-Match': 'Only `*`: write only when there is none yet.',
  'If-Match': 'An ETag that an earlier answer gave: write only over that state.',
}

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
        'Jobs, their runs, and what runs read and write. Errors are RFC 9457 problem details with a stable `code`.',
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
    ...(route.body === undefined ? {} : { requestBody: requestBody(route.body) }),
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

function headerParameter(name: string): JsonObject {
  return {
    name,
    in: 'header',
    required: false,
    description: headerNotes[name] ?? '',
    schema: { type: 'string' },
  }
}

function requestBody(body: z.ZodType | 'bytes'): JsonObject {
  const content =
    body === 'bytes' ? { '*/*': {} } : { 'application/json': { schema: schemaOf(body, 'input') } }
  return { required: true, content }
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
              : { 'application/json': { schema: schemaOf(response, 'output') } },
        }
  const common = [
    ...(route.auth === 'none' ? [] : [401, 403]),
    ...(route.body === undefined ? [] : [413]),
    ...(typeof route.body === 'object' ? [400, 415] : []),
    422,
  ]
  const statuses = [...new Set([...route.problems, ...common])].sort((a, b) => a - b)
  return {
    [String(route.status)]: success,
    ...(route.operationId === 'getLatestRun' ? { '204': { description: 'The job has no runs' } } : {}),
    ...Object.fromEntries(
      statuses.map((status) => [
        String(status),
        {
          description: titles[status] ?? 'Not JSON',
          content: { 'application/problem+json': { schema: { $ref: '#/components/schemas/Problem' } } },
        },
      ]),
    ),
  }
}
