import { JobwrightError } from '../base/errors.ts'
import { JobsApiError } from '../client/errors.ts'
import { pipelineNamePattern } from '../contract/index.ts'
import type { FoundPipeline } from '../pipeline/index.ts'
import type { CliContext } from './context.ts'
import { toFailure, usageError } from './errors.ts'

/** What is needed to find the pipelines that a file names. */
export type FileContext = Pick<CliContext, 'cwd' | 'signal' | 'pipelineApi' | 'loadModule'>

/** Finds a saved pipeline by its name. */
export type FindSaved = (name: string) => Promise<FoundPipeline>

/** The server is asked once for each name, however many files name it. */
export function savedPipelines(ctx: FileContext, { offline = false } = {}): FindSaved {
  const asked = new Map<string, Promise<FoundPipeline>>()
  return (name) => {
    const answer =
      asked.get(name) ??
      (offline ? Promise.resolve(notAsked(name, '`--offline` was given')) : askServer(name, ctx))
    asked.set(name, answer)
    return answer
  }
}

/** A saved pipeline as the server has it; what keeps it from being read is a problem of the file that names it. */
async function askServer(name: string, ctx: FileContext): Promise<FoundPipeline> {
  const { unknownPipeline } = await import('../pipeline/index.ts')
  if (!pipelineNamePattern.test(name)) return { problem: unknownPipeline(name) }
  try {
    const api = await ctx.pipelineApi()
    return { text: (await api.getPipeline(name, { signal: ctx.signal })).yaml }
  } catch (error) {
    if (ctx.signal.aborted || !(error instanceof JobwrightError)) throw error
    if (error instanceof JobsApiError && error.code === 'unknown_pipeline')
      return { problem: unknownPipeline(name) }
    const { message } = toFailure(error)
    return notAsked(name, message)
  }
}

/** A saved pipeline as a command line names it: `NAME`, or `NAME@VERSION`. */
export interface SavedReference {
  name: string
  version?: number
}

/** Undefined for what names a file. */
export function savedReference(given: string): SavedReference | undefined {
  const [, name = '', version] = /^(.*?)(?:@([1-9]\d{0,8}))?$/s.exec(given) ?? []
  if (!pipelineNamePattern.test(name) || /\.(ya?ml|m?[jt]s)$/i.test(name)) return undefined
  return version === undefined ? { name } : { name, version: Number(version) }
}

/** @throws JobwrightError `unknown_pipeline`; JobsApiError when the server does not answer */
export async function readSaved(
  { name, version }: SavedReference,
  ctx: FileContext,
): Promise<{ yaml: string; version: number }> {
  const api = await ctx.pipelineApi()
  try {
    return await api.getPipeline(name, { version, signal: ctx.signal })
  } catch (error) {
    if (!isUnknown(error)) throw error
    const which = version === undefined ? name : `${name}, version ${version}`
    throw usageError(
      'unknown_pipeline',
      `there is neither a file of that name nor a saved pipeline ${which}`,
      'jobwright pipelines lists those that are saved',
    )
  }
}

function isUnknown(error: unknown): boolean {
  return error instanceof JobsApiError && error.code === 'unknown_pipeline'
}

function notAsked(name: string, why: string): FoundPipeline {
  return {
    problem: {
      code: 'pipeline_not_resolved',
      message: `the server could not be asked for the saved pipeline \`${name}\`: ${why}`,
      fix: `see to it that the server answers, or name a file, as in ./${name}.yaml`,
    },
  }
}
