import { locateTemporal, type TemporalPlace } from '../../connect/locate.ts'
import { installationNames, serverOfWorker } from '../../contract/names.ts'
import type { connectTemporal } from '../../temporal/index.ts'
import type { CliContext } from '../context.ts'
import { toFailure } from '../errors.ts'
import { count } from '../output/text.ts'
import { type Check, problem } from './check.ts'
import { checkSweeps } from './sweeps.ts'

/** Whether Temporal answers, its version, and whether the namespace has what job runs rest on. */
export async function checkTemporal(ctx: CliContext): Promise<Check[]> {
  let place: TemporalPlace
  try {
    place = await locateTemporal(ctx.config)
  } catch (error) {
    const { message, fix } = toFailure(error)
    return [problem('temporal', message, fix), await checkBinary(ctx)]
  }
  const { connectTemporal, requireStandaloneActivities, serverVersion } = await import(
    '../../temporal/index.ts'
  )
  const checks: Check[] = []
  try {
    const client = await connectTemporal(place.options)
    try {
      const version = await serverVersion(client)
      const where = `${place.options.address}, namespace ${place.options.namespace} (${place.source})`
      checks.push({ name: 'temporal', status: 'ok', detail: `server ${version} at ${where}` })
      await requireStandaloneActivities(client)
      checks.push({ name: 'job_runs', status: 'ok', detail: 'the namespace allows standalone activities' })
      // An API that does not answer has a check of its own.
      const caller = await ctx.whoami().catch(() => undefined)
      const installation = ctx.config.installation ?? caller?.installation
      checks.push(await checkSearchAttributes(client), await checkWorkers(client, installation))
      checks.push(await checkSweeps(client, installation))
      if (place.source === 'environment') checks.push(pacingHint)
    } finally {
      await client.connection.close()
    }
  } catch (error) {
    const { message, fix } = toFailure(error)
    checks.push(problem(checks.length === 0 ? 'temporal' : 'job_runs', message, fix))
  }
  return checks
}

/** Whether runs can be started with their owner, and found by it. */
async function checkSearchAttributes(client: Awaited<ReturnType<typeof connectTemporal>>): Promise<Check> {
  const { missingSearchAttributes, SearchAttributesError } = await import('../../temporal/index.ts')
  const name = 'search_attributes'
  try {
    const missing = await missingSearchAttributes(client)
    if (missing.length === 0)
      return { name, status: 'ok', detail: 'the namespace knows those of pipeline runs' }
    throw new SearchAttributesError(client.options.namespace)
  } catch (error) {
    const { message, fix } = toFailure(error)
    if (error instanceof SearchAttributesError) return problem(name, message, fix)
    return { name, status: 'warning', detail: `those of the namespace cannot be listed: ${message}` }
  }
}

/** Whether anybody is there to take what is started. */
async function checkWorkers(
  client: Awaited<ReturnType<typeof connectTemporal>>,
  installation: string | undefined,
): Promise<Check> {
  const { pollersOf } = await import('../../temporal/index.ts')
  const name = 'workers'
  const { taskQueues } = installationNames(installation)
  const fix = 'start one: `jobwright worker`, or `jobwright dev`'
  const [forPipelines, forJobRuns] = [
    await pollersOf(client, taskQueues.pipelines, 'workflows'),
    await pollersOf(client, taskQueues.jobRuns, 'activities'),
  ]
  const [pipelines, jobRuns] = [forPipelines.length, forJobRuns.length]
  if (pipelines === 0)
    return problem(
      name,
      `no worker polls ${taskQueues.pipelines} for pipelines: a run that is started waits`,
      fix,
    )
  const servers = [...new Set([...forPipelines, ...forJobRuns].flatMap((one) => serverOfWorker(one) ?? []))]
  if (servers.length > 1)
    return {
      name,
      status: 'warning',
      detail: `workers of several servers take each other's work: ${servers.join(', ')}`,
      fix: 'give each installation a name, JOBWRIGHT_INSTALLATION, for its server and its workers',
    }
  if (jobRuns === 0) {
    const detail = `${count(pipelines, 'worker')} for pipelines, none for the job runs of a Jobwright server`
    const told = 'if such a server is used, set JOBWRIGHT_URL and JOBWRIGHT_WORKER_TOKEN for its worker'
    return { name, status: 'warning', detail, fix: told }
  }
  return { name, status: 'ok', detail: `${pipelines} for pipelines, ${jobRuns} for job runs` }
}

/** It cannot be asked; whoever runs a server of their own may want to know. */
const pacingHint: Check = {
  name: 'pacing',
  status: 'info',
  detail:
    'a Temporal server with default settings takes up to 50 ms before each workflow task, and up to a second more before each retry',
  fix: 'if steps seem slow: start it with --dynamic-config-value history.transferProcessorMaxPollRPS=2000; for the others see docs/production.md',
}

/** Sources that look on this machine only: PATH and the cache, or the binary the user names. */
const localSources = 2

/** Which Temporal CLI `jobwright dev` would start. Downloads nothing. */
async function checkBinary(ctx: CliContext): Promise<Check> {
  const { binarySources, defaultSourceSettings, fetchedSize } = await import(
    '../../dev-stack/temporal-cli/sources.ts'
  )
  const { firstFrom } = await import('../../dev-stack/temporal-cli/acquire.ts')
  const { binary } = ctx.config.temporal
  const { cacheDir } = ctx.config
  try {
    const sources = binarySources({ ...defaultSourceSettings, binary, cacheDir }).slice(0, localSources)
    const found = await firstFrom(sources, undefined)
    return { name: 'temporal_binary', status: 'ok', detail: `${found.path} (${found.source})` }
  } catch (error) {
    if (binary !== undefined)
      return problem('temporal_binary', `${binary}: ${toFailure(error).message}`, undefined)
    return {
      name: 'temporal_binary',
      status: 'info',
      detail: `no Temporal CLI on this machine; \`jobwright dev\` will get one (${fetchedSize})`,
    }
  }
}
