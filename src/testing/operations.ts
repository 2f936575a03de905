import { type OperationId, routes } from '../contract/index.ts'

/** An operation of the Jobs API by its id, as openapi.json has it; `other` for what is none. */
export type Operation = OperationId | 'other'

const patterns = Object.values(routes)
  .map(({ operationId, method, path }) => ({
    operation: operationId as OperationId,
    method: method.toUpperCase(),
    // A literal segment counts before a parameter: `/jobs/schemas` is no job.
    parameters: path.split('{').length - 1,
    pattern: new RegExp(`^${path.replaceAll('{path}', '(.+)').replaceAll(/\{\w+\}/g, '([^/]+)')}$`),
  }))
  .toSorted((a, b) => a.parameters - b.parameters)

export interface FoundOperation {
  operation: Operation
  /** The first parameter of the path: a job's or a run's id. */
  id: string | undefined
}

/** @param path below the API's own, without query */
export function operationOf(method: string, path: string): FoundOperation {
  for (const one of patterns) {
    const match = one.method === method ? one.pattern.exec(path) : null
    if (match) return { operation: one.operation, id: match[1] }
  }
  return { operation: 'other', id: undefined }
}
