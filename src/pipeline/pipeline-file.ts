import { type CompiledPipeline, type CompileOptions, compileSource } from './compile/compile.ts'
import { readYaml } from './yaml/read.ts'

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
