import { Hono } from 'hono'
import { basePath, referenceRoutes, routes, workerRoutes } from '../contract/index.ts'
import { defaultInstallation } from '../contract/names.ts'
import type { Backfills, JobStore, PipelineRuns, Schedules } from './ports/index.ts'
import { backfillHandlers } from './routes/backfills.ts'
import { bindRoutes, type RouteContext } from './routes/bind.ts'
import { capabilityHandlers } from './routes/capabilities.ts'
import { documentHandlers } from './routes/documents.ts'
import type { Handlers } from './routes/handler.ts'
import { jobRunHandlers } from './routes/job-runs.ts'
import { jobHandlers } from './routes/jobs.ts'
import { metagraphHandlers } from './routes/metagraphs.ts'
import { createOpenApiDocument } from './routes/openapi.ts'
import { checkTarget, methodFinder } from './routes/paths.ts'
import { pipelineHandlers, pipelineRunHandlers } from './routes/pipelines.ts'
import { plainHandlers } from './routes/plain.ts'
import { asProblem, problemResponse } from './routes/problem-response.ts'
import { scheduleHandlers } from './routes/schedules.ts'
import { whoamiHandlers } from './routes/whoami.ts'
import { workerHandlers } from './routes/worker.ts'
import { createAdmission, type Load } from './services/admission.ts'
import { createBackfillService } from './services/backfills.ts'
import { createConfigValidator } from './services/config-validation.ts'
import { createDocumentService } from './services/documents.ts'
import { createJobRunService } from './services/job-runs.ts'
import type { JobTypeCatalog } from './services/job-types.ts'
import { createJobService } from './services/jobs.ts'
import { createMetagraphService } from './services/metagraphs.ts'
import { createPipelineCompiler } from './services/pipeline-compiler.ts'
import { createPipelineRunService } from './services/pipeline-runs.ts'
import { ApiProblem, nothingThere, unavailable } from './services/problems.ts'
import { createSavedPipelineService } from './services/saved-pipelines.ts'
import { createScheduleCompiler } from './services/schedule-compiler.ts'
import { createScheduleService } from './services/schedules.ts'
import { createWorkerReportService } from './services/worker-reports.ts'

export interface AppOptions {
  store: JobStore
  registry: JobTypeCatalog
  pipelineRuns: PipelineRuns
  schedules: Schedules
  backfills: Backfills
  version: string
  /** Aborted when the server begins to close: long polls answer at once. @default never */
  /** The name of the installation. @default 'default' */
  installation?: string | undefined
  closing?: AbortSignal
  /** The reference alone: extensions are there for handlers, and for nobody else. @default false */
  plain?: boolean
  /** How long a stream of events is silent at most, in milliseconds. Proxies cut what is silent for a minute. @default 15_000 */
  heartbeatMs?: number
  /** How long clients wait for an answer, in milliseconds: what would come later is refused in time. @default 10_000 */
  clientTimeoutMs?: number
  /** Told of failures that nobody foresaw. @default nobody */
  onError?: (error: unknown) => void
  /** Told when requests begin to be refused for overload, and when that is over. @default nobody */
  onLoad?: ((load: Load) => void) | undefined
}

const documentPath = `${basePath}/openapi.json`

/** How long the store may take to show that it is there, in milliseconds. */
const readyWithinMs = 2_000

/**
 * The Jobs API under `/api/v1`, with `/healthz` and `/readyz` beside it.
 * @throws JobwrightError `unusable_job_type_schema` when a job type's schema cannot be checked against
 */
export function createApp(options: AppOptions): Hono {
  const {
    store,
    registry,
    pipelineRuns,
    schedules,
    backfills,
    version,
    heartbeatMs = 15_000,
    installation = defaultInstallation,
    closing = new AbortController().signal,
    plain = false,
    onError = () => undefined,
    clientTimeoutMs = 10_000,
    onLoad,
  } = options
  const app = new Hono()
  const admission = createAdmission({ clientTimeoutMs, onChange: onLoad })
  const context: RouteContext = { store, admission, closing, onError, plain, heartbeatMs }
  const seen = plain ? { ...referenceRoutes, ...workerRoutes } : routes
  const others = ['/healthz', '/readyz', ...(plain ? [] : [documentPath])]
  const allowedMethods = methodFinder(Object.values(seen), others)

  app.onError((error) => problemResponse(asProblem(error, onError)))
  app.notFound((c) => problemResponse(nothingThere(c.req.path)))
  app.use(async (c, next) => {
    checkTarget(requestTarget(c.env, c.req.url))
    checkMethod(c.req.method, c.req.path, allowedMethods(c.req.path))
    await next()
    c.res.headers.set('X-Content-Type-Options', 'nosniff')
    if (closing.aborted) c.res.headers.set('Connection', 'close')
  })
  app.get('/healthz', (c) => c.json({ status: 'alive', load: admission.load() }))
  app.get('/readyz', async (c) => {
    await ready(store)
    return c.json({ status: 'ready' })
  })
  if (!plain) {
    const document = createOpenApiDocument(version)
    app.get(documentPath, (c) => c.json(document))
  }
  bindRoutes(
    app,
    createHandlers({ store, registry, pipelineRuns, schedules, backfills, version, installation, plain }),
    context,
  )
  return app
}

function createHandlers({
  store,
  registry,
  pipelineRuns,
  schedules,
  backfills,
  version,
  installation,
  plain,
}: Pick<AppOptions, 'store' | 'registry' | 'pipelineRuns' | 'schedules' | 'backfills' | 'version'> & {
  installation: string
  plain: boolean
}): Handlers {
  const configs = createConfigValidator(registry.schemas(), { references: !plain })
  const deps = { store, jobTypes: registry, configs }
  const compiler = createPipelineCompiler(registry.schemas(), store)
  const saved = createSavedPipelineService(store, compiler)
  const { installationId } = store
  const service = createPipelineRunService({ runs: pipelineRuns, saved, compiler, installationId })
  const ofJobs = {
    ...jobHandlers(createJobService(deps), registry),
    ...jobRunHandlers(createJobRunService(deps)),
  }
  return {
    ...(plain ? plainHandlers(ofJobs) : ofJobs),
    ...documentHandlers(createDocumentService(store)),
    ...metagraphHandlers(createMetagraphService(store)),
    ...pipelineHandlers(saved, compiler),
    ...pipelineRunHandlers(service, pipelineRuns),
    ...backfillHandlers(createBackfillService({ backfills, installationId })),
    ...scheduleHandlers(
      createScheduleService({
        schedules,
        runs: pipelineRuns,
        compiler: createScheduleCompiler(compiler, saved),
        installationId,
      }),
    ),
    ...workerHandlers(createWorkerReportService(store)),
    ...capabilityHandlers(version),
    ...whoamiHandlers(installation),
  }
}

/** The request line's own target: the URL has been normalized, and its dot segments are gone. */
function requestTarget(env: unknown, url: string): string {
  const incoming = (env as { incoming?: { url?: string } } | undefined)?.incoming
  return incoming?.url ?? url.replace(/^https?:\/\/[^/]*/, '')
}

/** @throws ApiProblem 405: the route at a path is found without looking at the method. */
function checkMethod(method: string, pathname: string, allowed: readonly string[]): void {
  if (allowed.length === 0 || allowed.includes(method)) return
  const detail = `${method} is not possible at ${pathname.slice(0, 200)}; allowed: ${allowed.join(', ')}`
  throw new ApiProblem(405, 'method_not_allowed', detail, { headers: { Allow: allowed.join(', ') } })
}

async function ready(store: JobStore): Promise<void> {
  let timer: NodeJS.Timeout | undefined
  const late = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(new Error('no answer in time')), readyWithinMs)
  })
  try {
    await Promise.race([store.ping(), late])
  } catch {
    throw unavailable('store_unavailable', 'The database does not answer')
  } finally {
    clearTimeout(timer)
  }
}
