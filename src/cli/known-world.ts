import path from 'node:path'
import { messageOf } from '../base/causes.ts'
import type { CompileOptions } from '../pipeline/index.ts'
import { type CliContext, type JobTypeSchemaEntry, type KnownConfig, note } from './context.ts'
import { toFailure } from './errors.ts'
import { escapeControl } from './output/text.ts'

/** What one pipeline file is checked against. */
export interface KnownWorld {
  options: CompileOptions
  /** Whether it can be told that a run would lack what the file names: a configuration is at hand, or the stack of this machine has none. */
  knowsNames: boolean
}

/** Finds out what a file is checked against. Nothing here is a reason to fail: offline, less is checked, and stderr says so. */
export type FindWorld = (file: string) => Promise<KnownWorld>

/** What is asked once for all files of a command. */
interface Sources {
  ctx: CliContext
  live: JobTypeSchemaEntry[] | undefined
  configs: Map<string, Promise<KnownConfig | 'none' | 'unusable'>>
}

export async function knownWorld(ctx: CliContext, options: { live: boolean }): Promise<FindWorld> {
  const { createConfigChecker } = await import('../pipeline/index.ts')
  const checker = createConfigChecker()
  const asked = options.live ? await askServer(ctx) : 'offline'
  const sources: Sources = { ctx, live: Array.isArray(asked) ? asked : undefined, configs: new Map() }
  let told = false
  return async (file) => {
    const { world, jobTypesFrom } = await findWorld(sources, file)
    if (!Array.isArray(asked) && asked !== 'offline' && !told) {
      told = true
      const instead = jobTypesFrom === undefined ? '' : `, with those of ${escapeControl(jobTypesFrom)}`
      note(ctx, `note: checked without the server's job types${instead}: ${escapeControl(asked.reason)}`)
    }
    return { ...world, options: { ...world.options, configs: checker } }
  }
}

async function askServer(ctx: CliContext): Promise<JobTypeSchemaEntry[] | { reason: string }> {
  try {
    const api = await ctx.api()
    return await api.listJobSchemas({ signal: ctx.signal })
  } catch (error) {
    return { reason: toFailure(error).message }
  }
}

/** The configurations that count for a file: the one that the environment names, else the one beside it and the one here. */
async function configsFor({ ctx, configs }: Sources, file: string): Promise<(KnownConfig | 'unusable')[]> {
  const beside = path.dirname(path.resolve(ctx.cwd, file))
  const directories = ctx.config.configFile === undefined ? [...new Set([beside, ctx.cwd])] : [ctx.cwd]
  const found: (KnownConfig | 'unusable')[] = []
  for (const directory of directories) {
    const known = configs.get(directory) ?? loadConfig(ctx, directory)
    configs.set(directory, known)
    const config = await known
    if (config !== 'none') found.push(config)
  }
  return found
}

async function loadConfig(ctx: CliContext, directory: string): Promise<KnownConfig | 'none' | 'unusable'> {
  try {
    return (await ctx.userConfig(ctx.config, directory)) ?? 'none'
  } catch (error) {
    note(
      ctx,
      `note: checked without the names of secrets and connections: ${escapeControl(messageOf(error))}`,
    )
    return 'unusable'
  }
}

async function findWorld(
  sources: Sources,
  file: string,
): Promise<{ world: KnownWorld; jobTypesFrom: string | undefined }> {
  const { ctx, live } = sources
  const found = await configsFor(sources, file)
  const usable = found.filter((config) => config !== 'unusable')
  // Of one that does not load it is not known what it would have.
  const named = usable.length === found.length
  const [first] = usable
  const jobTypes = live ?? (await jobTypesWithoutServer(ctx, first))
  const isComplete = live !== undefined || (first !== undefined && ctx.config.jobsApi.url === undefined)
  return {
    world: {
      options: {
        ...(jobTypes === undefined ? {} : { jobTypes, mayHaveOthers: !isComplete }),
        ...(named ? { secretNames: usable.flatMap(({ secrets }) => secrets) } : {}),
        ...(named ? { connectionNames: usable.flatMap(({ connections }) => connections) } : {}),
        ...(named ? { notificationNames: usable.flatMap(({ notifications }) => notifications) } : {}),
        // Without any it is not known what the workers allow.
        ...(named && first
          ? { notificationTargets: usable.flatMap((each) => each.notificationTargets) }
          : {}),
      },
      knowsNames: usable.length > 0 || !isStackElsewhere(ctx),
    },
    jobTypesFrom: live === undefined ? first?.file : undefined,
  }
}

/** A stack that was started somewhere else has the configuration that is there. */
function isStackElsewhere({ cwd, config }: CliContext): boolean {
  const home = path.dirname(path.resolve(cwd, config.dataDir))
  return config.temporal.address !== undefined || config.jobsApi.url !== undefined || home !== cwd
}

/** Of the built-in job types it is only known that the stack of this version has them. */
async function jobTypesWithoutServer(
  ctx: CliContext,
  config: KnownConfig | undefined,
): Promise<JobTypeSchemaEntry[] | undefined> {
  const ours = ctx.config.jobsApi.url === undefined ? await ctx.builtInJobTypes() : []
  const all = [...(config?.jobTypes() ?? []), ...ours]
  return all.length > 0 ? all : undefined
}
