import path from 'node:path'
import { fileURLToPath, pathToFileURL } from 'node:url'
import { codeOf, messageOf } from '../base/causes.ts'
import { JobwrightError } from '../base/errors.ts'
import { readOnlyProgram } from '../base/reading-program.ts'
import type { AnyPipeline, Finding } from '../pipeline/index.ts'
import type { CliContext } from './context.ts'

/** A pipeline in code: which file, and which of its exports when that is said: `FILE#name`. */
export interface ModuleReference {
  file: string
  name?: string
}

/** What a command line names as a program; undefined for any other file. */
export function moduleReference(given: string): ModuleReference | undefined {
  const [, file, name] = /^(.*\.(?:ts|mts|js|mjs))(?:#(.*))?$/s.exec(given) ?? []
  if (file === undefined) return undefined
  return name === undefined ? { file } : { file, name }
}

type Found = { pipeline: AnyPipeline } | { finding: Finding }

/** Loads a program and finds its pipeline. Never throws: what is wrong is a finding. */
export async function loadPipeline(
  { file, name }: ModuleReference,
  source: string,
  { cwd, loadModule }: Pick<CliContext, 'cwd' | 'loadModule'>,
): Promise<Found> {
  const absolute = path.resolve(cwd, file)
  const refuse = (code: string, message: string, fix: string, place: Partial<Finding> = {}): Found => ({
    finding: { code, severity: 'error', file: absolute, line: 1, column: 1, message, fix, ...place },
  })
  let exported: Record<string, unknown>
  try {
    exported = await loadModule(pathToFileURL(absolute).href)
  } catch (error) {
    const { code, message, fix, ...place } = await describeFailure(error, absolute, source)
    return refuse(code, message, fix, place)
  }
  const { isPipeline } = await import('../pipeline/index.ts')
  if (name !== undefined) {
    const named = exported[name]
    if (isPipeline(named)) return { pipeline: named }
    const known = Object.keys(exported).filter((each) => isPipeline(exported[each]))
    const fix = known.length > 0 ? `known: ${known.join(', ')}` : 'export what definePipeline returns'
    return refuse('no_pipeline', `its export \`${name}\` is no pipeline`, fix)
  }
  if (isPipeline(exported['default'])) return { pipeline: exported['default'] }
  const found = Object.entries(exported).flatMap(([key, value]) =>
    isPipeline(value) ? [{ key, value }] : [],
  )
  const [only] = found
  if (only && found.length === 1) return { pipeline: only.value }
  if (found.length === 0)
    return refuse('no_pipeline', 'it exports no pipeline', 'write export default definePipeline(…)')
  const names = found.map(({ key }) => key)
  return refuse(
    'several_pipelines',
    `it exports several pipelines: ${names.join(', ')}`,
    `say which: ${file}#${names[0]}`,
  )
}

type Failure = Pick<Finding, 'code' | 'message' | 'fix'> & Partial<Pick<Finding, 'file' | 'line' | 'column'>>

async function describeFailure(error: unknown, absolute: string, source: string): Promise<Failure> {
  if (error instanceof JobwrightError && error.code === 'program_never_loads')
    return { code: error.code, message: error.message, fix: error.fix ?? '' }
  const message = messageOf(error)
  const missing = codeOf(error) === 'ERR_MODULE_NOT_FOUND' ? missingModule(message) : undefined
  if (missing) {
    const own = missing.importer === absolute
    return {
      code: 'missing_module',
      message: `there is no module \`${missing.shown}\``,
      fix: missing.isPackage ? `run npm install ${missing.shown} there` : 'check the path and its extension',
      ...(own ? placeOfText(source, missing.specifiers) : { file: missing.importer }),
    }
  }
  const isSyntax = error instanceof SyntaxError || /TYPESCRIPT_SYNTAX$/.test(codeOf(error) ?? '')
  if (isSyntax)
    return {
      code: 'program_syntax',
      message: `it cannot be read: ${message.split('\n', 1)[0]}`,
      fix: 'correct the program here',
      ...placeOfSyntax(error),
    }
  const { placeOf } = await import('../pipeline/index.ts')
  const place = error instanceof Error ? placeOf({ stack: error.stack ?? '' }) : undefined
  const kind = error instanceof Error ? `${error.name}: ` : ''
  const where = place && place.file !== '' ? place : {}
  // Of whichever copy of this package the program has.
  if (codeOf(error) === readOnlyProgram.code) {
    const own = error instanceof Error ? linesFrom(error, absolute) : ''
    return { ...readOnlyProgram, ...(own === '' ? {} : placeOf({ stack: own })) }
  }
  return {
    code: 'program_throws',
    message: `it throws while it is loaded: ${kind}${message}`,
    fix: 'correct what throws here',
    ...where,
  }
}

/** The part of a stack that is in a file. */
function linesFrom({ stack = '' }: Error, file: string): string {
  const lines = stack.split('\n')
  return lines.filter((line) => line.includes(file) || line.includes(pathToFileURL(file).href)).join('\n')
}

function missingModule(
  message: string,
): { shown: string; specifiers: string[]; importer: string; isPackage: boolean } | undefined {
  const [, kind, name, importer] =
    /^Cannot find (module|package) '(.*?)' imported from (.*?)(?:\n|$)/.exec(message) ?? []
  if (name === undefined || importer === undefined) return undefined
  if (kind === 'package') return { shown: name, specifiers: [name], importer, isPackage: true }
  // Node names the file that it looked for; the program names it from where it stands.
  const file = name.startsWith('file:') ? fileURLToPath(name) : name
  const relative = path.relative(path.dirname(importer), file).split(path.sep).join('/')
  const shown = relative.startsWith('.') ? relative : `./${relative}`
  return { shown, specifiers: [shown, name], importer, isPackage: false }
}

/** Where a text stands between quotes. */
function placeOfText(source: string, texts: readonly string[]): { line: number; column: number } | undefined {
  const lines = source.split('\n')
  for (const text of texts)
    for (const [index, line] of lines.entries()) {
      const at = ["'", '"'].map((quote) => line.indexOf(`${quote}${text}`)).find((found) => found >= 0)
      if (at !== undefined) return { line: index + 1, column: at + 1 }
    }
  return undefined
}

/** Node puts it above the error: `file:///a/b.ts:12`, the line, and a caret under what is wrong. */
function placeOfSyntax(error: unknown): Pick<Failure, 'file' | 'line' | 'column'> | undefined {
  const [head = '', , carets = ''] = (error instanceof Error ? (error.stack ?? '') : '').split('\n')
  const [, file, line] = /^(.*):(\d+)$/.exec(head) ?? []
  if (file === undefined) return undefined
  const column = carets.indexOf('^') + 1
  return {
    file: file.startsWith('file:') ? fileURLToPath(file) : file,
    line: Number(line),
    column: Math.max(1, column),
  }
}

/** Files of a program as the command line has them: the one that was given as it was given, others from here. */
export function withShownFiles(findings: readonly Finding[], given: string, cwd: string): Finding[] {
  const absolute = path.resolve(cwd, given)
  const shown = (file: string): string => {
    if (file === '' || file === absolute) return given
    const relative = path.relative(cwd, file)
    return relative.startsWith('..') || path.isAbsolute(relative) ? file : relative
  }
  return findings.map((finding) => ({ ...finding, file: shown(finding.file) }))
}
