import { JobwrightError } from '../../base/errors.ts'
import { discoverCapabilities, type JobsClient } from '../../client/index.ts'
import { requireWorkerToken } from '../../client/worker-token.ts'
import { clientOf, connectApi } from '../../connect/clients.ts'
import { locateApi } from '../../connect/locate.ts'
import {
  basePath,
  type Capabilities,
  connectionMode,
  missingForPipelines,
  modePromises,
} from '../../contract/index.ts'
import type { CliContext } from '../context.ts'
import { toFailure } from '../errors.ts'
import { count } from '../output/text.ts'
import { type Check, problem } from './check.ts'

/** Whether the Jobs API answers to the token, and whether it offers what pipelines need. */
export async function checkApi(ctx: CliContext): Promise<Check[]> {
  try {
    const place = await locateApi(ctx.config)
    const api = await connectApi(ctx.config)
    const schemas = await api.listJobSchemas({ signal: ctx.signal })
    const capabilities = await discoverCapabilities(api, { signal: ctx.signal })
    const server = capabilities
      ? `${capabilities.server} ${capabilities.version}`
      : 'a server without capabilities'
    const caller = capabilities?.whoami ? await api.whoami({ signal: ctx.signal }) : undefined
    const whose = caller ? `, as ${caller.email} in workspace ${caller.workspace}` : ''
    const detail = `${server} at ${place.baseUrl} (${place.source})${whose}, ${schemas.length} job types`
    const feed = capabilities?.change_feed ? [await checkFeed(api, ctx.signal)] : []
    return [
      { name: 'jobs_api', status: 'ok', detail },
      checkMode(capabilities, ctx.config.jobsApi.bounds !== undefined),
      ...checkCapabilities(capabilities),
      ...feed,
    ]
  } catch (error) {
    const { message, fix } = toFailure(error)
    return [problem('jobs_api', message, fix)]
  }
}

/** Where this environment is a worker's, too: whether its server takes what it reports. */
export async function checkWorkerToken({ config, signal }: CliContext): Promise<Check[]> {
  const { url, workerToken: token } = config.server
  if (!url || !token) return []
  const name = 'worker_token'
  try {
    const { requestTimeoutMs: timeoutMs } = config.timing
    await requireWorkerToken({ baseUrl: url + basePath, token, timeoutMs }, { signal })
    return [{ name, status: 'ok', detail: `the server at ${url} takes what its workers report` }]
  } catch (error) {
    const { message, fix } = toFailure(error)
    return [problem(name, message, fix)]
  }
}

/** The other Jobs APIs that pipelines can name: those of the user's configuration. */
export async function checkConnections(ctx: CliContext): Promise<Check[]> {
  let connections: Awaited<ReturnType<CliContext['connections']>>
  try {
    connections = await ctx.connections(ctx.config)
  } catch (error) {
    const { message, fix } = toFailure(error)
    return [problem('config', message, fix)]
  }
  return Promise.all(
    Object.entries(connections).map(async ([connection, options]): Promise<Check> => {
      const name = `connection ${connection}`
      try {
        const api = await clientOf(options, ctx.config.timing.requestTimeoutMs)
        const schemas = await api.listJobSchemas({ signal: ctx.signal })
        const capabilities = await discoverCapabilities(api, { signal: ctx.signal })
        const { detail } = checkMode(capabilities, options.bounds !== undefined)
        return {
          name,
          status: 'ok',
          detail: `${options.url}, ${count(schemas.length, 'job type')}; ${detail}`,
        }
      } catch (error) {
        return problem(name, toFailure(error).message, fixOf(error, connection))
      }
    }),
  )
}

function fixOf(error: unknown, connection: string): string {
  const { fix } = toFailure(error)
  if (fix !== undefined) return fix
  const status = error instanceof Error && 'status' in error ? error.status : undefined
  if (status === 401 || status === 403) return `give connection ${connection} a token that this server knows`
  const isAway = error instanceof JobwrightError && error.fault === 'unreachable'
  return isAway
    ? `start the server of connection ${connection}, or correct its url`
    : `correct connection ${connection} in the configuration`
}

/** Whether runs and their changes can be read: every wait of a pipeline hangs on that. */
async function checkFeed(api: JobsClient, signal: AbortSignal): Promise<Check> {
  try {
    await api.listJobRuns({ limit: 100 }, { signal })
    await api.listJobRunChanges({}, { signal })
    return { name: 'change_feed', status: 'ok', detail: 'job runs and their changes can be read' }
  } catch (error) {
    const detail = `job runs or their changes cannot be read, so pipelines wait in vain: ${toFailure(error).message}`
    return problem('change_feed', detail, "look into the server's log")
  }
}

/** In which mode pipelines run there, and what that promises. */
export function checkMode(capabilities: Capabilities | undefined, bounded: boolean): Check {
  const mode = connectionMode(capabilities, bounded)
  const why = mode === 'fenced' ? '' : ` (not offered: ${missingForPipelines(capabilities).join(', ')})`
  return { name: 'mode', status: 'ok', detail: `${mode}: ${modePromises[mode]}${why}` }
}

/** Of a server that has capabilities: what else pipelines could use. */
export function checkCapabilities(capabilities: Capabilities | undefined): Check[] {
  if (capabilities === undefined) return []
  const extras = [
    'value_references',
    'run_logs',
    'outputs',
    'documents',
    'metagraphs',
    'whoami',
    'job_names',
    'pipelines',
    'schedules',
    'one_call_triggers',
    'feed_by_client_ref',
  ] as const
  const missing = extras.filter((name) => !capabilities[name])
  if (missing.length === 0)
    return [{ name: 'capabilities', status: 'ok', detail: 'everything pipelines use' }]
  return [{ name: 'capabilities', status: 'warning', detail: `not offered: ${missing.join(', ')}` }]
}
