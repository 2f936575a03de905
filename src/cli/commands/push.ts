import type { CliContext, Finding } from '../context.ts'
import { note } from '../context.ts'
import { exitCodes } from '../exit-codes.ts'
import { findingLine, hasErrors } from '../output/findings.ts'
import { renderJson } from '../output/json.ts'
import { renderTable } from '../output/table.ts'
import { openPipelineFile, type PipelineFile } from '../pipeline-file.ts'
import { type FindSaved, savedPipelines } from '../saved-pipelines.ts'

interface Pushed {
  file: string
  name: string
  yaml: string
  /** Saved pipelines that it needs, those within them too. */
  needs: ReadonlySet<string>
}

/**
 * `jobwright push FILE…`: saves pipelines on the server, each under the name in it, those that others name first. None is sent while one of
 * them has an error.
 */
export async function pushHandler({ files }: { files: string[] }, ctx: CliContext): Promise<number> {
  const { findings, pipelines } = await readPipelines(files, ctx)
  for (const finding of findings) note(ctx, findingLine(finding, ctx.errorColor))
  if (hasErrors(findings)) {
    if (ctx.output === 'json') ctx.stdout.write(renderJson({ valid: false, findings }))
    return exitCodes.usage
  }
  const api = await ctx.pipelineApi()
  const items: { file: string; name: string; version: number; is_new: boolean }[] = []
  for (const { file, name, yaml } of inOrder(pipelines)) {
    const saved = await api.savePipeline(name, yaml, { signal: ctx.signal })
    for (const finding of saved.findings) {
      const shown = finding.file.startsWith('saved pipeline ') ? finding : { ...finding, file }
      note(ctx, findingLine(shown, ctx.errorColor))
    }
    items.push({ file, name: saved.name, version: saved.version, is_new: saved.is_new })
  }
  if (ctx.output === 'json') ctx.stdout.write(renderJson({ items, count: items.length }))
  else {
    const rows = items.map(({ name, version, is_new }) => [
      name,
      String(version),
      is_new ? 'new' : 'unchanged',
    ])
    ctx.stdout.write(renderTable(['PIPELINE', 'VERSION', ''], rows, { columns: ctx.columns() }))
  }
  return exitCodes.completed
}

/** The server checks them against its job types; here their names are wanted, and what is wrong in any case. */
async function readPipelines(
  files: readonly string[],
  ctx: CliContext,
): Promise<{ findings: Finding[]; pipelines: Pushed[] }> {
  const findings: Finding[] = []
  const opened: { file: string; source: PipelineFile }[] = []
  for (const file of files) {
    const source = await openPipelineFile(file, ctx)
    if ('findings' in source) findings.push(...source.findings)
    else opened.push({ file, source })
  }
  const pipelines: Pushed[] = []
  const onServer = savedPipelines(ctx)
  for (const { file, source } of opened) {
    const needs = new Set<string>()
    const named: FindSaved = async (name) => {
      needs.add(name)
      // What is pushed along counts as it will be.
      const along = opened.find((other) => other.source.name === name)
      return along ? { text: along.source.source() } : onServer(name)
    }
    const { plan, findings: own } = await source.compile({}, named)
    findings.push(...own)
    if (plan) pipelines.push({ file, name: plan.name, yaml: source.source(), needs })
  }
  return { findings, pipelines }
}

/** No circle comes here: it is a finding. */
function inOrder(pipelines: readonly Pushed[]): Pushed[] {
  const ordered = new Set<Pushed>()
  const add = (pipeline: Pushed) => {
    if (ordered.has(pipeline)) return
    for (const other of pipelines) if (other !== pipeline && pipeline.needs.has(other.name)) add(other)
    ordered.add(pipeline)
  }
  pipelines.forEach(add)
  return [...ordered]
}
