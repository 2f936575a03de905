import { type CompiledPipeline, type CompileOptions, compileSource } from './compile/compile.ts'
import { namesFile, type ResolvedPipeline, type ResolvePipeline } from './compile/nested.ts'
import { maxNesting } from './plan/index.ts'
import { readYaml } from './yaml/read.ts'

/** Where pipeline files are, for those that name each other. */
export interface PipelineFiles {
  /** The one that a reference in a file names: the same text for the same file, however it is named. */
  locate(reference: string, from: string): string
  /** Its text, or the pipeline itself where it is written in code, or why it cannot be had. */
  read(
    file: string,
  ):
    | { text: string }
    | Pick<CompilePipelineSource, 'compile'>
    | Extract<ResolvedPipeline, { problem: unknown }>
  /** How people are told of it. */
  show(file: string): string
  /** A saved pipeline. */
  named?(name: string): ResolvedPipeline
}

interface CompilePipelineSource {
  compile(options: CompileOptions): CompiledPipeline
}

/**
 * Compiles the text of a pipeline file together with the pipelines that it names, which are found from where it is. Never throws.
 * @param file where the text is from, as `locate` would say it
 */
export function compilePipelineFile(
  text: string,
  file: string,
  options: CompileOptions,
  files: PipelineFiles,
): CompiledPipeline {
  const known = new Map<string, ResolvedPipeline>()

  /** @param path the file that names others, after those that name it */
  const resolverOf =
    (path: readonly string[]): ResolvePipeline =>
    (reference) => {
      if (!namesFile(reference)) return files.named?.(reference) ?? unknownName(reference)
      const target = files.locate(reference, path.at(-1) ?? file)
      if (path.includes(target)) return cycle([...path.slice(path.indexOf(target)), target])
      if (path.length > maxNesting) return tooDeep(path)
      const resolved = known.get(target) ?? compileAt(target, [...path, target])
      known.set(target, resolved)
      return resolved
    }

  function compileAt(target: string, path: readonly string[]): ResolvedPipeline {
    const read = files.read(target)
    if ('problem' in read) return read
    const own = { ...options, resolvePipeline: resolverOf(path) }
    return 'compile' in read ? read.compile(own) : compileSource(readYaml(read.text, files.show(target)), own)
  }

  const cycle = (path: readonly string[]) => ({
    problem: {
      code: 'pipeline_cycle',
      message: `these pipelines run each other: ${path.map(files.show).join(' → ')}`,
      fix: 'take one of them out of the circle',
    },
  })

  const tooDeep = (path: readonly string[]) => ({
    problem: {
      code: 'nested_too_deep',
      message: `more than ${maxNesting} pipelines stand within one another: ${path.map(files.show).join(' → ')}`,
      fix: 'run steps of the inner ones directly',
    },
  })

  return compileSource(readYaml(text, files.show(file)), { ...options, resolvePipeline: resolverOf([file]) })
}

function unknownName(name: string): ResolvedPipeline {
  return {
    problem: {
      code: 'unknown_pipeline',
      message: `no saved pipeline \`${name}\` is known here`,
      fix: `name a file, as in ./${name}.yaml`,
    },
  }
}
