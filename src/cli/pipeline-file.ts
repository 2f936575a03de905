import type { Stats } from 'node:fs'
import { readFile, stat, writeFile } from 'node:fs/promises'
import path from 'node:path'
import { codeOf, messageOf } from '../base/causes.ts'
import { JobwrightError } from '../base/errors.ts'
import { decodeUtf8 } from '../base/utf8.ts'
import type {
  AnyPipeline,
  CompiledPipeline,
  CompileOptions,
  Finding,
  PipelineFiles,
} from '../pipeline/index.ts'
import { usageError } from './errors.ts'
import { loadPipeline, type ModuleReference, moduleReference, withShownFiles } from './pipeline-module.ts'
import { type FileContext, type FindSaved, savedPipelines } from './saved-pipelines.ts'

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

/** What pipelines name: files relative to the one that names them, and what is saved on the server. */
function filesFrom(ctx: FileContext, named: FindSaved): PipelineFiles {
  const { cwd } = ctx
  const show = (file: string) => {
    const relative = path.relative(cwd, file)
    return relative.startsWith('..') ? file : relative
  }
  return {
    show,
    named,
    locate: (reference, from) => path.resolve(path.dirname(moduleReference(from)?.file ?? from), reference),
    async read(place) {
      const program = moduleReference(place)
      const file = program?.file ?? place
      const shown = show(file)
      try {
        const decoded = decodeUtf8(await readBytes(file, shown))
        if (!('text' in decoded)) {
          const { badUtf8 } = await import('../pipeline/index.ts')
          return { problem: badUtf8(shown, decoded.badByte) }
        }
        return program ? await readProgram({ ...program, file: shown }, shown, decoded.text, ctx) : decoded
      } catch (error) {
        if (!(error instanceof JobwrightError)) throw error
        const { code, message, fix = '' } = error
        return { problem: { code, message, fix } }
      }
    },
  }
}

/** @param shown how the user named the file */
async function readProgram(
  program: ModuleReference,
  shown: string,
  text: string,
  ctx: FileContext,
): Promise<Pick<AnyPipeline, 'compile'> & Partial<Pick<AnyPipeline, 'name' | 'toYaml'>>> {
  const { cwd } = ctx
  const loaded = await loadPipeline(program, text, ctx)
  if ('finding' in loaded)
    return { compile: () => ({ findings: withShownFiles([loaded.finding], shown, cwd) }) }
  const { pipeline } = loaded
  return {
    name: pipeline.name,
    compile(options) {
      const compiled = pipeline.compile(options)
      return { ...compiled, findings: withShownFiles(compiled.findings, shown, cwd) }
    },
    toYaml: () => pipeline.toYaml(),
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
  /** As far as it can be told without compiling it. */
  name: string | undefined
  /** @param named where saved pipelines come from; the server unless it is given */
  compile(known: CompileOptions, named?: FindSaved): Promise<CompiledPipeline>
  /** The text of a YAML file as it is; of a pipeline in code that compiles, one that says the same. */
  source(): string
  /** Only of one that compiles. */
  toYaml(): string
}

/** Reads a pipeline file; what keeps it from being read is a finding. */
export async function openPipelineFile(
  given: string,
  ctx: FileContext,
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
  const { compilePipelineFile, pipelineName, pipelineYaml } = await import('../pipeline/index.ts')
  const absolute = path.resolve(cwd, file)
  const source = program ? await readProgram(program, file, text, ctx) : { text }
  const toYaml = () => ('text' in source ? pipelineYaml(source.text, file) : (source.toYaml?.() ?? ''))
  return {
    name: 'text' in source ? pipelineName(source.text) : source.name,
    compile(known, named = savedPipelines(ctx)) {
      const files = filesFrom(ctx, named)
      // The user's own word for it.
      const show = (each: string) => (each === absolute ? file : files.show(each))
      return compilePipelineFile(source, absolute, known, { ...files, show })
    },
    source: () => ('text' in source ? source.text : toYaml()),
    toYaml,
  }
}

/**
 * Reads and compiles a pipeline file. A file that cannot be read is a finding too, so that several files and all
 * of their problems are reported together.
 */
export async function compileFile(
  file: string,
  ctx: FileContext,
  known: CompileOptions,
  named?: FindSaved,
): Promise<CompiledPipeline> {
  const opened = await openPipelineFile(file, ctx)
  return 'findings' in opened ? opened : opened.compile(known, named)
}

/** Compiles what the server has of a saved pipeline. */
export async function compileSaved(
  name: string,
  yaml: string,
  ctx: FileContext,
  known: CompileOptions,
): Promise<CompiledPipeline> {
  const { compilePipelineFile, noFiles, savedPlace } = await import('../pipeline/index.ts')
  const files = { ...noFiles, named: savedPipelines(ctx) }
  return compilePipelineFile({ text: yaml }, savedPlace(name), known, files)
}
