import { existsSync } from 'node:fs'
import path from 'node:path'
import type { CompiledPipeline, CompileOptions } from '../pipeline/index.ts'
import { type CliContext, type Finding, note } from './context.ts'
import { knownWorld } from './known-world.ts'
import { escapeControl } from './output/text.ts'
import { compileFile, compileSaved } from './pipeline-file.ts'
import { readSaved, savedReference } from './saved-pipelines.ts'

/** What a run cannot start without, though a file may be valid without it. */
const neededToRun: readonly string[] = ['unknown_secret', 'unknown_connection']

/** Compiles what runs are to be of, as strictly as a start needs it: a file, else the saved pipeline of that name. */
export async function compileToRun(
  given: string,
  ctx: CliContext,
): Promise<CompiledPipeline & { version?: number }> {
  const findWorld = await knownWorld(ctx, { live: true })
  const { options, knowsNames } = await findWorld(given)
  const compiled = await compile(given, ctx, options)
  const findings = compiled.findings.map(
    (finding): Finding =>
      knowsNames && neededToRun.includes(finding.code) ? { ...finding, severity: 'error' } : finding,
  )
  return { ...compiled, findings }
}

/** Whether it is no file, but may be a name. */
export function isName(given: string, ctx: Pick<CliContext, 'cwd'>): boolean {
  return savedReference(given) !== undefined && !existsSync(path.resolve(ctx.cwd, given))
}

async function compile(
  given: string,
  ctx: CliContext,
  options: CompileOptions,
): Promise<CompiledPipeline & { version?: number }> {
  const saved = savedReference(given)
  if (!saved || !isName(given, ctx)) return compileFile(given, ctx, options)
  note(
    ctx,
    `note: no file ${escapeControl(given)} is here: the server is asked for a saved pipeline of that name`,
  )
  const { yaml, version } = await readSaved(saved, ctx)
  return { ...(await compileSaved(saved.name, yaml, ctx, options)), version }
}
