import { discoverCapabilities, type JobsClient } from '../../client/index.ts'
import { type Capabilities, missingForPipelines } from '../../contract/index.ts'
import { connectApi } from '../clients.ts'
import type { CliContext } from '../context.ts'
import { toFailure } from '../errors.ts'
import { locateApi } from '../locate.ts'
import { count } from '../output/text.ts'
import type { Check } from './check.ts'

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
    return [{ name: 'jobs_api', status: 'ok', detail }, checkCapabilities(capabilities), ...feed]
  } catch (error) {
    const { message, fix } = toFailure(error)
    return [{ name: 'jobs_api', status: 'problem', detail: message, ...(fix === undefined ? {} : { fix }) }]
  }
}

/** The other Jobs APIs that pipelines can name: those of the user's configuration. */
export async function checkConnections(ctx: CliContext): Promise<Check[]> {
  let connections: Awaited<ReturnType<CliContext['connections']>>
  try {
    connections = await ctx.connections(ctx.config)
  } catch (error) {
    const { message, fix } = toFailure(error)
    return [{ name: 'config', status: 'problem', detail: message, ...(fix === undefined ? {} : { fix }) }]
  }
  const { JobsClient } = await import('../../client/index.ts')
  return Promise.all(
    Object.entries(connections).map(async ([connection, options]): Promise<Check> => {
      const name = `connection ${connection}`
      try {
        const api = new JobsClient({ timeoutMs: ctx.config.timing.requestTimeoutMs, ...options })
        const schemas = await api.listJobSchemas({ signal: ctx.signal })
        const able = checkCapabilities(await discoverCapabilities(api, { signal: ctx.signal }))
        if (able.status === 'problem') return { ...able, name }
        return { name, status: 'ok', detail: `${options.baseUrl}, ${count(schemas.length, 'job type')}` }
      } catch (error) {
        const detail = toFailure(error).message
        return { name, status: 'problem', detail, fix: `correct ${connection} in the configuration` }
      }
    }),
  )
}

/** Whether runs and their changes can be read: every wait of a pipeline hangs on that. */
async function checkFeed(api: JobsClient, signal: AbortSignal): Promise<Check> {
  try {
    await api.listJobRuns({ limit: 100 }, { signal })
    await api.listJobRunChanges({}, { signal })
    return { name: 'change_feed', status: 'ok', detail: 'job runs and their changes can be read' }
  } catch (error) {
    const detail = `job runs or their changes cannot be read, so pipelines wait in vain: ${toFailure(error).message}`
    return { name: 'change_feed', status: 'problem', detail, fix: "look into the server's log" }
  }
}

/** Exported for its own test: what is missing, and what is lost by it. */
export function checkCapabilities(capabilities: Capabilities | undefined): Check {
  const needed = missingForPipelines(capabilities)
  if (capabilities === undefined || needed.length > 0)
    return {
      name: 'capabilities',
      status: 'problem',
      detail: `pipelines cannot run here without ${needed.join(', ')}`,
      fix: 'use a server that offers them (`jobwright server` does)',
    }
  const extras = [
    'value_references',
    'run_logs',
    'outputs',
    'documents',
    'metagraphs',
    'whoami',
    'job_names',
  ] as const
  const missing = extras.filter((name) => !capabilities[name])
  if (missing.length === 0) return { name: 'capabilities', status: 'ok', detail: 'everything pipelines use' }
  return { name: 'capabilities', status: 'warning', detail: `not offered: ${missing.join(', ')}` }
}
