import { type CompiledPipeline, type CompileOptions, compileSource } from './compile/compile.ts'
import {
  type NoPipeline,
  namesFile,
  notFound,
  type ResolvedPipeline,
  type ResolvePipeline,
} from './compile/nested.ts'
import { maxNesting } from './plan/index.ts'
import { readYaml } from './yaml/read.ts'

/** A pipeline as it was found: its text, or the pipeline itself where it is written in code. */
export type PipelineText = { text: string } | { compile(options: CompileOptions): CompiledPipeline }

/** What was looked for; or why it cannot be had. */
export type FoundPipeline = PipelineText | NoPipeline

/** Where pipelines are that name each other. Whatever a file names is asked for once. */
export interface PipelineFiles {
  /** The one that a reference in a file names: the same text for the same file, however it is named. */
  locate(reference: string, from: string): string
  read(file: string): Promise<FoundPipeline>
  /** How people are told of it. */
  show(file: string): string
  /** A saved pipeline; one cannot name files. */
  named?(name: string): Promise<FoundPipeline>
}

/** Where there are no files. */
export const noFiles: PipelineFiles = {
  locate: (reference) => reference,
  read: async (file) => notFound(file),
  show: (file) => file,
}

const savedPrefix = 'saved pipeline '

/** Where a saved pipeline is, in place of a file. */
export function savedPlace(name: string): string {
  return `${savedPrefix}${name}`
}

interface Reading extends Pick<PipelineFiles, 'locate' | 'show'> {
  /** What was read so far of a place. */
  read(place: string): FoundPipeline
}

/**
 * Compiles a pipeline together with those that it names, which are found from where it is. Never throws for what is wrong with one.
 * @param place the file that it is from, as `locate` would say it, or `savedPlace`
 */
export async function compilePipelineFile(
  source: PipelineText,
  place: string,
  options: CompileOptions,
  files: PipelineFiles,
): Promise<CompiledPipeline> {
  const known = new Map<string, FoundPipeline>()
  // Compiling does not wait. What it could not have is read, and it is compiled again: at most once for each level of nesting.
  for (;;) {
    const missing = new Set<string>()
    const read = (at: string) => {
      const found = known.get(at)
      if (!found) missing.add(at)
      return found ?? notFound(at)
    }
    const compiled = compileFrom(source, place, options, { ...files, read })
    if (missing.size === 0) return compiled
    const load = async (at: string) => known.set(at, await readAt(files, at))
    await Promise.all([...missing].map(load))
  }
}

async function readAt(files: PipelineFiles, place: string): Promise<FoundPipeline> {
  if (!place.startsWith(savedPrefix)) return files.read(place)
  const name = place.slice(savedPrefix.length)
  return files.named?.(name) ?? notFound(name)
}

function compileFrom(
  source: PipelineText,
  place: string,
  options: CompileOptions,
  { locate, show: showFile, read }: Reading,
): CompiledPipeline {
  const show = (at: string) => (at.startsWith(savedPrefix) ? at : showFile(at))
  const known = new Map<string, ResolvedPipeline>()

  /** @param path the one that names others, after those that name it */
  const resolverOf =
    (path: readonly string[]): ResolvePipeline =>
    (reference) => {
      const from = path.at(-1) ?? place
      const isFile = namesFile(reference)
      if (isFile && from.startsWith(savedPrefix)) return notFound(reference)
      const target = isFile ? locate(reference, from) : savedPlace(reference)
      if (path.includes(target)) return cycle([...path.slice(path.indexOf(target)), target])
      if (path.length > maxNesting) return tooDeep(path)
      const resolved = known.get(target) ?? compileFound(target, [...path, target])
      known.set(target, resolved)
      return resolved
    }

  function compileFound(target: string, path: readonly string[]): ResolvedPipeline {
    const found = read(target)
    return 'problem' in found ? found : compileAt(found, path)
  }

  function compileAt(found: PipelineText, path: readonly string[]): CompiledPipeline {
    const { nowMs, ...timeless } = options
    // Schedules of pipelines that are steps of this one are nothing of it.
    const known = path.length > 1 || nowMs === undefined ? timeless : { ...timeless, nowMs }
    const own = { ...known, resolvePipeline: resolverOf(path) }
    return 'compile' in found
      ? found.compile(own)
      : compileSource(readYaml(found.text, show(path.at(-1) ?? place)), own)
  }

  const cycle = (path: readonly string[]) => ({
    problem: {
      code: 'pipeline_cycle',
      message: `these pipelines run each other: ${path.map(show).join(' → ')}`,
      fix: 'take one of them out of the circle',
    },
  })

  const tooDeep = (path: readonly string[]) => ({
    problem: {
      code: 'nested_too_deep',
      message: `more than ${maxNesting} pipelines stand within one another: ${path.map(show).join(' → ')}`,
      fix: 'run steps of the inner ones directly',
    },
  })

  return compileAt(source, [place])
}
