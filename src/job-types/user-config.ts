import { existsSync } from 'node:fs'
import path from 'node:path'
import { pathToFileURL } from 'node:url'
import { messageOf } from '../base/causes.ts'
import { JobwrightError } from '../base/errors.ts'
import type { JsonObject } from '../base/json.ts'
import { targetProblem } from '../webhooks/targets.ts'
import {
  type ConnectionSettings,
  type Connections,
  connectionProblem,
  connectionSettings,
} from './connections.ts'
import { JobTypeDefinitionError } from './errors.ts'
import { createRegistry } from './registry.ts'
import type { AnyJobType } from './types.ts'

/** A secret's value, or how to get it; a function is asked anew for each run. */
export type SecretSource = string | (() => string | Promise<string>)
export type Secrets = Readonly<Record<string, SecretSource>>

/** Tells somebody of an event. It may be called again for the same `id`: when it threw, took too long, or its worker was lost. */
export type NotificationFunction = (
  event: NotificationMessage,
  context: { signal: AbortSignal },
) => void | Promise<void>

/** What a receiver is told. */
export interface NotificationMessage {
  /** The same however often it is told. */
  id: string
  /** `pipeline_run.failed`, … */
  type: string
  /** ISO 8601: when it happened. */
  timestamp: string
  data: JsonObject
}

export type Notifications = Readonly<Record<string, NotificationFunction>>

/** What a `jobwright.config.ts` exports, as default or by name. */
export interface UserConfig {
  jobTypes?: readonly AnyJobType[]
  connections?: Connections
  secrets?: Secrets
  /** Functions that pipelines name under `notify`. */
  notifications?: Notifications
  /**
   * Where webhooks may go though the address is none of the public internet: hosts, addresses, blocks of addresses, each with or without
   * a port. `['hooks.internal', '127.0.0.1:9000', '10.1.0.0/16']`
   */
  notificationTargets?: readonly string[]
}

export interface LoadedUserConfig {
  jobTypes: readonly AnyJobType[]
  connections: Readonly<Record<string, ConnectionSettings>>
  secrets: Secrets
  notifications: Notifications
  notificationTargets: readonly string[]
  /** Absolute; absent when there is none. */
  file?: string
}

/** A user's config file that cannot be used: which, why, what would be right. Never a secret's value. */
export class UserConfigError extends JobwrightError {
  override readonly name = 'UserConfigError'
  readonly file: string

  constructor(file: string, reason: string, details: { fix?: string | undefined; cause?: unknown } = {}) {
    super({ ...details, code: 'bad_user_config', fault: 'usage', message: `${file}: ${reason}` })
    this.file = file
  }
}

const names = ['jobwright.config.ts', 'jobwright.config.js', 'jobwright.config.mjs'] as const
const fields = ['jobTypes', 'connections', 'secrets', 'notifications', 'notificationTargets'] as const

/**
 * Gives a `jobwright.config.ts` its types.
 *
 * @example
 * ```ts
 * import { defineConfig } from 'jobwright/job-types'
 *
 * export default defineConfig({
 *   jobTypes: [],
 *   connections: { staging: { url: 'https://jobs.example.com/api/v1', token: () => process.env.STAGING_TOKEN ?? '' } },
 *   secrets: { TRACKER: () => process.env.TRACKER_TOKEN ?? '' },
 * })
 * ```
 */
export function defineConfig(config: UserConfig): UserConfig {
  return config
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

function isJobType(value: unknown): value is AnyJobType {
  return (
    isRecord(value) &&
    typeof value.jobType === 'string' &&
    typeof value.run === 'function' &&
    isRecord(value.config)
  )
}

function checkJobTypes(file: string, jobTypes: unknown): readonly AnyJobType[] {
  if (!Array.isArray(jobTypes))
    throw new UserConfigError(file, 'jobTypes is no list; expected [defineJobType({ … }), …]')
  jobTypes.forEach((jobType: unknown, index) => {
    if (!isJobType(jobType))
      throw new UserConfigError(
        file,
        `jobTypes[${index}] is no job type; expected what defineJobType returns`,
      )
  })
  try {
    createRegistry(jobTypes as AnyJobType[])
  } catch (error) {
    if (error instanceof JobTypeDefinitionError)
      throw new UserConfigError(file, error.message, { fix: error.fix, cause: error })
    throw error
  }
  return jobTypes as AnyJobType[]
}

function checkSecrets(file: string, secrets: unknown): Secrets {
  if (!isRecord(secrets))
    throw new UserConfigError(file, 'secrets is no object; expected { NAME: text or function }')
  for (const [name, value] of Object.entries(secrets)) {
    const kind = value === undefined ? 'undefined (is its environment variable set?)' : typeof value
    if (typeof value !== 'string' && typeof value !== 'function')
      throw new UserConfigError(
        file,
        `secrets.${name} is ${kind}; expected text, or a function that returns it`,
      )
  }
  return secrets as Secrets
}

function checkConnections(file: string, connections: unknown): Record<string, ConnectionSettings> {
  if (!isRecord(connections))
    throw new UserConfigError(file, 'connections is no object; expected { name: { url, token } }')
  for (const [name, value] of Object.entries(connections)) {
    const problem = connectionProblem(value)
    if (problem !== undefined) throw new UserConfigError(file, `connections.${name} ${problem}`)
  }
  return Object.fromEntries(
    Object.entries(connections as Connections).map(([name, options]) => [name, connectionSettings(options)]),
  )
}

function checkNotifications(file: string, notifications: unknown): Notifications {
  if (!isRecord(notifications))
    throw new UserConfigError(file, 'notifications is no object; expected { name: async (event) => { … } }')
  for (const [name, value] of Object.entries(notifications))
    if (typeof value !== 'function')
      throw new UserConfigError(
        file,
        `notifications.${name} is ${typeof value}; expected a function, async (event) => { … }`,
      )
  return notifications as Notifications
}

function checkTargets(file: string, targets: unknown): readonly string[] {
  if (!Array.isArray(targets))
    throw new UserConfigError(
      file,
      "notificationTargets is no list; expected ['hooks.internal', '127.0.0.1:9000']",
    )
  targets.forEach((target: unknown, index) => {
    const problem = targetProblem(target)
    if (problem !== undefined) throw new UserConfigError(file, `notificationTargets[${index}] ${problem}`)
  })
  return targets as string[]
}

function findFile(given: string | undefined, cwd: string): string | undefined {
  if (given === undefined)
    return names.map((name) => path.resolve(cwd, name)).find((file) => existsSync(file))
  const file = path.resolve(cwd, given)
  if (!existsSync(file)) throw new UserConfigError(file, 'there is no such file')
  return file
}

/** Where a file does not parse: Node says so only in the stack, `file:///…/jobwright.config.ts:12` first. */
function placeOf(error: unknown): string {
  const first = error instanceof SyntaxError ? error.stack?.split('\n', 1)[0] : undefined
  const line = first === undefined ? null : /:(\d+)$/.exec(first)
  return line === null ? '' : `, line ${line[1]}`
}

/** Two mistakes of a new folder, which Node's message does not explain. */
function fixOf(error: unknown, file: string): string | undefined {
  if (!(error instanceof Error)) return undefined
  // What `npm init` writes makes CommonJS of a .ts file.
  if (error instanceof SyntaxError && /outside a module|Unexpected token 'export'/.test(error.message))
    return 'set "type": "module" in the nearest package.json'
  // What a registry has under its name may be somebody else's.
  const [, missing] = /^Cannot find package '((?:@[^/']+\/)?[^/']+)/.exec(error.message) ?? []
  if (missing === undefined) return undefined
  const what = missing === 'jobwright' ? 'with the path of the jobwright that you use' : missing
  return `in ${path.dirname(file)}, run npm install ${what}`
}

async function importExports(file: string): Promise<Record<string, unknown>> {
  let module: Record<string, unknown>
  try {
    module = (await import(pathToFileURL(file).href)) as Record<string, unknown>
  } catch (error) {
    const kind = error instanceof Error ? `${error.name}: ` : ''
    throw new UserConfigError(file, `could not be loaded${placeOf(error)}: ${kind}${messageOf(error)}`, {
      fix: fixOf(error, file),
      cause: error,
    })
  }
  if (!('default' in module)) return module
  if (!isRecord(module.default))
    throw new UserConfigError(
      file,
      'the default export is no object; expected defineConfig({ jobTypes, connections, secrets })',
    )
  return module.default
}

/**
 * Loads a user's `jobwright.config.ts` (or .js, .mjs): the given file, else the one in `cwd`, else nothing at all.
 * @throws UserConfigError with the file and the cause
 */
export async function loadUserConfig(given: string | undefined, cwd: string): Promise<LoadedUserConfig> {
  const file = findFile(given, cwd)
  if (file === undefined)
    return { jobTypes: [], connections: {}, secrets: {}, notifications: {}, notificationTargets: [] }
  const exported = await importExports(file)
  if (!fields.some((field) => Object.hasOwn(exported, field)))
    throw new UserConfigError(
      file,
      `exports none of ${fields.join(', ')}; expected export default defineConfig({ … })`,
    )
  return {
    jobTypes: checkJobTypes(file, exported.jobTypes ?? []),
    connections: checkConnections(file, exported.connections ?? {}),
    secrets: checkSecrets(file, exported.secrets ?? {}),
    notifications: checkNotifications(file, exported.notifications ?? {}),
    notificationTargets: checkTargets(file, exported.notificationTargets ?? []),
    file,
  }
}
