import { extensionRoutes } from './routes/extensions.ts'
import { referenceRoutes } from './routes/reference.ts'
import { workerRoutes } from './routes/worker.ts'

export type { RouteDescriptor } from './routes/descriptor.ts'

/** All paths of the routes are relative to this one. */
export const basePath = '/api/v1'

/** Every operation by its id: what server, client and OpenAPI document are made of. */
export const routes = { ...referenceRoutes, ...extensionRoutes, ...workerRoutes }

export type OperationId = keyof typeof routes
