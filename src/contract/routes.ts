import { extensionRoutes } from './jobs/extension-routes.ts'
import { referenceRoutes } from './jobs/reference-routes.ts'
import { pipelineRoutes } from './pipelines/routes.ts'
import { scheduleRoutes } from './schedules/routes.ts'
import { workerRoutes } from './worker/routes.ts'

export type { RouteDescriptor } from './route-descriptor.ts'
export { extensionRoutes, pipelineRoutes, referenceRoutes, scheduleRoutes, workerRoutes }

/** All paths of the routes are relative to this one. */
export const basePath = '/api/v1'

/** Every operation by its id: what server, client and OpenAPI document are made of. */
export const routes = {
  ...referenceRoutes,
  ...extensionRoutes,
  ...pipelineRoutes,
  ...scheduleRoutes,
  ...workerRoutes,
}

export type OperationId = keyof typeof routes
