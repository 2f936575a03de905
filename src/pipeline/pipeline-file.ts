import { type CompiledPipeline, type CompileOptions, compileSource } from './compile/compile.ts'
import { readYaml } from './yaml/read.ts'

/**
 * Compiles the text of a pipeline file. Never throws: every problem is a finding with its place, and all are reported together.
 * @param options.file the file's name, for the findings
 */
export function compilePipeline(text: string, options: CompileOptions & { file: string }): CompiledPipeline {
  return compileSource(readYaml(text, options.file), options)
}
