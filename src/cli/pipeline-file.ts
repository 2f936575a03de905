import { readFileSync, type Stats, statSync } from 'node:fs'
import { readFile, stat, writeFile } from 'node:fs/promises'
import path from 'node:path'
import { codeOf, messageOf } from '../base/causes.ts'
import { JobwrightError } from '../base/errors.ts'
import { decodeUtf8 } from '../base/utf8.ts'
import type { CompiledPipeline, CompileOptions, Finding, PipelineFiles } from '../pipeline/index.ts'
import type { CliContext } from './context.ts'
import { usageError } from './errors.ts'
import { loadPipeline, moduleReference, withShownFiles } from './pipeline-module.ts'

/** No pipeline comes near this; it keeps `validate /dev/zero` and the like from filling the memory. */
const fileBytes = 4 * 1024 * 1024

/**
 * Reads a file as UTF-8 text.
 * @throws JobwrightError `no_such_file`, `not_a_file`, `file_too_large`, `unreadable_file`; `bad_utf8` names the byte
 */
export async function readTextFile(file: string, cwd: string): Promise<string> {
  const bytes = await readBytes(path.resolve(cwd, file), file)
  const decoded = decodeUtf8(bytes)
  if ('text' in decoded) return decoded.text
  const { badUtf8 } = await import('../pipeline/index.ts')
  const { code, message, fix } = badUtf8(file, decoded.badByte)
  throw usageError(code, `${file}: ${message}`, fix)
}

async function readBytes(absolute: string, shown: string): Promise<Uint8Array> {
  try {
    requireReadable(await stat(absolute), shown)
    return await readFile(absolute)
  } catch (error) {
    throw unreadable(error, absolute, shown)
  }
}

function requireReadable(status: Stats, shown: string): void {
  if (!status.isFile())
    throw usageError(
      'not_a_file',
      `${shown} is ${status.isDirectory() ? 'a directory' : 'no regular file'}`,
      'name a file',
    )
  if (status.size > fileBytes)
    throw usageError(
      'file_too_large',
      `${shown} has ${status.size} bytes; at most ${fileBytes} are read`,
      'name a smaller file',
    )
}

function unreadable(error: unknown, absolute: string, shown: string): JobwrightError {
  if (error instanceof JobwrightError) return error
  const code = codeOf(error)
  return code === 'ENOENT' || code === 'ENOTDIR'
    ? usageError(
        'no_such_file',
        `${shown} does not exist (looked for ${absolute})`,
        'check the name and the working directory',
      )
    : usageError(
        'unreadable_file',
        `cannot read ${shown} (${code ?? messageOf(error)})`,
        'check its permissions',
      )
}

/** Files that pipelines name: relative to the one that names them. They are read while that one is compiled, and so at once. */
function filesFrom(cwd: string, badUtf8: (file: string, at: number) => Finding): PipelineFiles {
  const show = (file: string) => {
    const relative = path.relative(cwd, file)
    return relative.startsWith('..') ? file : relative
  }
  return {
    show,
    locate: (reference, from) => path.resolve(path.dirname(from), reference),
    read(file) {
      const shown = show(file)
      if (path.extname(file) === '.ts')
        return {
          problem: {
            code: 'pipeline_in_code',
            message: `${shown} is a pipeline written in code, which a pipeline file cannot name`,
            fix: 'write the outer pipeline in code, too, or print the inner one as YAML',
          },
        }
      try {
        requireReadable(statSync(file), shown)
        const decoded = decodeUtf8(readFileSync(file))
        return 'text' in decoded ? decoded : { problem: badUtf8(shown, decoded.badByte) }
      } catch (error) {
        const { code, message, fix = '' } = unreadable(error, file, shown)
        return { problem: { code, message, fix } }
      }
    },
  }
}

/** @throws JobwrightError `unwritable_file` */
export async function writeTextFile(file: string, text: string, cwd: string): Promise<void> {
  try {
    await writeFile(path.resolve(cwd, file), text)
  } catch (error) {
    throw usageError(
      'unwritable_file',
      `cannot write ${file} (${codeOf(error) ?? messageOf(error)})`,
      'name a file in a directory that exists and may be written to',
    )
  }
}

/** A pipeline file that was read, in YAML or in code. */
export interface PipelineFile {
  compile(known: CompileOptions): CompiledPipeline
  /** Only of one that compiles. */
  toYaml(): string
}

/** Reads a pipeline file; what keeps it from being read is a finding. */
export async function openPipelineFile(
  given: string,
  ctx: Pick<CliContext, 'cwd' | 'loadModule'>,
): Promise<PipelineFile | { findings: Finding[] }> {
  const { cwd } = ctx
  const program = moduleReference(given)
  const file = program?.file ?? given
  let text: string
  try {
    text = await readTextFile(file, cwd)
  } catch (error) {
    if (!(error instanceof JobwrightError)) throw error
    const { code, message, fix } = error
    return { findings: [{ code, severity: 'error', file, line: 1, column: 1, message, fix: fix ?? '' }] }
  }
  if (!program) {
    const { badUtf8, compilePipelineFile, pipelineYaml } = await import('../pipeline/index.ts')
    const files = filesFrom(cwd, badUtf8)
    const absolute = path.resolve(cwd, file)
    // The user's own word for it.
    const show = (each: string) => (each === absolute ? file : files.show(each))
    return {
      compile: (known) => compilePipelineFile(text, absolute, known, { ...files, show }),
      toYaml: () => pipelineYaml(text, file),
    }
  }
  const loaded = await loadPipeline(program, text, ctx)
  if ('finding' in loaded) return { findings: withShownFiles([loaded.finding], file, cwd) }
  const { pipeline } = loaded
  return {
    compile: (known) => {
      const compiled = pipeline.compile(known)
      return { ...compiled, findings: withShownFiles(compiled.findings, file, cwd) }
    },
    toYaml: () => pipeline.toYaml(),
  }
}

/**
 * Reads and compiles a pipeline file. A file that cannot be read is a finding too, so that several files and all
 * of their problems are reported together.
 */
export async function compileFile(
  file: string,
  ctx: Pick<CliContext, 'cwd' | 'loadModule'>,
  known: CompileOptions,
): Promise<CompiledPipeline> {
  const opened = await openPipelineFile(file, ctx)
  return 'findings' in opened ? opened : opened.compile(known)
}
