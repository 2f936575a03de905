import { type CompiledPipeline, type CompileOptions, compileSource } from './compile/compile.ts'
import { get, textOf } from './nodes/nodes.ts'
import { readYaml } from './yaml/read.ts'
import { writeYaml } from './yaml/write.ts'

/**
 * Compiles the text of a pipeline file. Never throws: every problem is a finding with its place, and all are reported together.
 * @param options.file the file's name, for the findings
 *
 * @example
 * ```ts
 * import { readFile } from 'node:fs/promises'
 * import { compilePipeline } from 'jobwright'
 *
 * const file = 'night.yaml'
 * const { plan, findings } = compilePipeline(await readFile(file, 'utf8'), { file })
 * for (const { line, message, fix } of findings) console.error(`${file}:${line} ${message} → ${fix}`)
 * if (plan) console.log(`${plan.name} has ${plan.steps.length} steps`)
 * ```
 */
export function compilePipeline(text: string, options: CompileOptions & { file: string }): CompiledPipeline {
  return compileSource(readYaml(text, options.file), options)
}

/** The text of a pipeline file that compiles, as a file that compiles to the same plan: comments, aliases and styles are gone. */
export function pipelineYaml(text: string, file: string): string {
  const { root } = readYaml(text, file)
  return root ? writeYaml(root) : text
}

/** The name in the text of a pipeline file, whether that compiles or not. */
export function pipelineName(text: string): string | undefined {
  const { root } = readYaml(text, '')
  return root && textOf(get(root, 'name'))
}
