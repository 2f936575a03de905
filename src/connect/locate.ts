import { readFile } from 'node:fs/promises'
import { codeOf, messageOf } from '../base/causes.ts'
import { JobwrightError } from '../base/errors.ts'
import type { JobsClientOptions } from '../client/index.ts'
// Not the room's index: it would load the whole Temporal client for `--version`.
import { readStack, type StackInfo } from '../dev-stack/record.ts'
import type { TemporalOptions } from '../temporal/index.ts'
import type { ConnectConfig } from './config.ts'

/** What of the embedded stack the commands need; present only while its owner is alive. */
export type FindStack = (
  dataDir: string,
) => Promise<
  Pick<StackInfo, 'temporalAddress' | 'namespace' | 'apiUrl' | 'defaultConnection' | 'tokenFile'> | undefined
>

export interface TemporalPlace {
  options: TemporalOptions
  /** Who said so. */
  source: 'environment' | 'embedded stack'
}

export interface ApiPlace extends Pick<JobsClientOptions, 'baseUrl' | 'token'> {
  /** Who said so. */
  source: 'environment' | 'embedded stack'
}

/** Where a stack of one's own would do. */
const startOne =
  'start one with `jobwright dev`, or wait a moment for one that is just starting; run this in its folder'

/**
 * Where Temporal is: the environment, else the embedded stack of the data directory.
 * @throws JobwrightError `no_temporal` when neither says so, `other_jobs_api` when that stack works on another Jobs API than is named
 */
export async function locateTemporal(
  config: ConnectConfig,
  findStack: FindStack = readStack,
): Promise<TemporalPlace> {
  const { address, ...rest } = config.temporal
  if (address !== undefined) return { options: { ...rest, address }, source: 'environment' }
  const stack = await findStack(config.dataDir)
  if (stack) {
    const { url } = config.jobsApi
    // What is checked and owned on one server must not run on another.
    if (
      url !== undefined &&
      stack.defaultConnection !== undefined &&
      !isSameUrl(url, stack.defaultConnection)
    )
      throw new JobwrightError({
        code: 'other_jobs_api',
        fault: 'usage',
        message: `JOBS_API_URL is ${url}, and the stack that runs in ${config.dataDir} works on ${stack.defaultConnection}`,
        fix: 'set TEMPORAL_ADDRESS to the Temporal of that server, or unset JOBS_API_URL',
      })
    // The user's key and certificates are for a server of theirs.
    return {
      options: { address: stack.temporalAddress, namespace: stack.namespace },
      source: 'embedded stack',
    }
  }
  throw new JobwrightError({
    code: 'no_temporal',
    fault: 'unreachable',
    message: `no Temporal to talk to: TEMPORAL_ADDRESS is not set, and no stack is running in ${config.dataDir}`,
    fix: `${startOne}, or set TEMPORAL_ADDRESS`,
  })
}

/**
 * Where the Jobs API is. A token of the stack goes to the stack only: one that JOBS_API_URL names gets JOBS_API_TOKEN.
 * @throws JobwrightError `no_jobs_api`, `no_token`
 */
export async function locateApi(config: ConnectConfig, findStack: FindStack = readStack): Promise<ApiPlace> {
  const { url, token } = config.jobsApi
  const stack = url !== undefined && token !== undefined ? undefined : await findStack(config.dataDir)
  if (url !== undefined && url !== stack?.apiUrl) {
    if (token !== undefined) return { baseUrl: url, token, source: 'environment' }
    throw new JobwrightError({
      code: 'no_token',
      fault: 'usage',
      message: `JOBS_API_URL is ${url}, but JOBS_API_TOKEN is not set`,
      fix: 'set JOBS_API_TOKEN to a token that this server knows',
    })
  }
  if (stack)
    return {
      baseUrl: stack.apiUrl,
      token: token ?? (() => readTokenFile(stack.tokenFile)),
      source: 'embedded stack',
    }
  throw new JobwrightError({
    code: 'no_jobs_api',
    fault: 'unreachable',
    message: `no Jobs API to talk to: JOBS_API_URL is not set, and no stack is running in ${config.dataDir}`,
    fix: `${startOne}, or set JOBS_API_URL and JOBS_API_TOKEN`,
  })
}

/** The connection `default`: its headers are for the server that the environment names. @throws JobwrightError `no_jobs_api`, `no_token` */
export async function locateConnection(config: ConnectConfig, findStack?: FindStack) {
  const { baseUrl: url, token, source } = await locateApi(config, findStack)
  return { url, token, headers: source === 'environment' ? config.jobsApi.headers : {} }
}

function isSameUrl(one: string, other: string): boolean {
  const [first, second] = [one, other].map((url) => url.replace(/\/$/, ''))
  return first === second
}

async function readTokenFile(file: string): Promise<string> {
  try {
    return (await readFile(file, 'utf8')).trim()
  } catch (error) {
    throw new JobwrightError({
      code: 'token_unreadable',
      fault: 'unreachable',
      message: `cannot read the token of the stack from ${file} (${codeOf(error) ?? messageOf(error)})`,
      fix: 'run as the user who started the stack, or set JOBS_API_TOKEN',
      cause: error,
    })
  }
}
