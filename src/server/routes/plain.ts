import { z } from 'zod'
import {
  type JobRun,
  type JobTypeSchemaEntry,
  type OperationId,
  type OutputReference,
  type RouteDescriptor,
  referenceRoutes,
} from '../../contract/index.ts'
import type { ListPage } from '../ports/index.ts'
import type { Answer, HandlerInput, Handlers } from './handler.ts'

/**
 * A server of the reference alone: as one that has never heard of an extension. It takes a request that uses one as if it
 * did not, and its answers have the fields of the reference only.
 */

/** A handler of any operation. */
type AnyHandler = (input: HandlerInput<OperationId>) => Answer | Promise<Answer>

/** Parts of requests that the reference does not have. */
const extensions: readonly string[] = ['name', 'client_ref', 'job', 'limit', 'cursor', 'wait']

function reduced(schema: z.ZodObject): z.ZodObject {
  // A server that does not know a field ignores it, and keeps no list of those.
  return z.object(
    Object.fromEntries(Object.entries(schema.shape).filter(([name]) => !extensions.includes(name))),
  )
}

function reducedBody({ operationId }: RouteDescriptor, body: z.ZodObject): z.ZodObject {
  // There is no other way to say which job.
  return operationId === 'createJobRun' ? reduced(body).required({ job_id: true }) : reduced(body)
}

/** A route of the reference without its extensions; one of the workers as it is. */
export function plainRoute(route: RouteDescriptor): RouteDescriptor {
  if (!Object.hasOwn(referenceRoutes, route.operationId)) return route
  const { query = z.object({}), body } = route
  return {
    ...route,
    query: reduced(query),
    headers: [],
    ...(body instanceof z.ZodObject ? { body: reducedBody(route, body) } : {}),
  }
}

/** Handlers of operations of the reference, without extensions; others are as they were. */
export function plainHandlers<K extends OperationId>(handlers: Handlers<K>): Handlers<K> {
  const plain = Object.entries(handlers).map(([id, handler]) => [
    id,
    Object.hasOwn(referenceRoutes, id) ? plainHandler(handler as AnyHandler) : handler,
  ])
  return Object.fromEntries(plain) as Handlers<K>
}

function plainHandler(handler: AnyHandler): AnyHandler {
  return async (input) => {
    const answer = await handler({ ...input, header: () => undefined })
    switch (answer.kind) {
      case 'json': {
        const { Location } = answer.headers ?? {}
        return { kind: 'json', value: plainValue(answer.value), headers: Location ? { Location } : {} }
      }
      case 'list':
        return { kind: 'list', page: plainPage(answer.page), bare: true }
      default:
        return answer
    }
  }
}

function plainPage(page: ListPage<unknown>): ListPage<unknown> {
  return { items: plainItems(page.items), nextCursor: () => page.nextCursor() }
}

async function* plainItems(items: AsyncIterable<unknown>): AsyncIterable<unknown> {
  for await (const item of items) yield plainValue(item)
}

function plainValue(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(plainJobType)
  return isJobRun(value) ? plainJobRun(value) : value
}

function isJobRun(value: unknown): value is JobRun {
  return typeof value === 'object' && value !== null && 'output_references' in value
}

function plainJobRun(run: JobRun): object {
  const { uuid, job_id, job_name, config, status, created_by, created_at, updated_at, is_deleted } = run
  const output_references = run.output_references.map(plainOutput)
  return {
    uuid,
    job_id,
    job_name,
    config,
    status,
    created_by,
    created_at,
    updated_at,
    is_deleted,
    output_references,
  }
}

/** There is nothing at the address where outputs are otherwise. */
function plainOutput({ href: _, ...output }: OutputReference): object {
  return output
}

function plainJobType({ output_schemas: _, ...entry }: JobTypeSchemaEntry): object {
  return entry
}
