import type { CliContext, Finding } from '../context.ts'
import { note } from '../context.ts'
import { exitCodes } from '../exit-codes.ts'
import { findingLine, hasErrors } from '../output/findings.ts'
import { renderJson } from '../output/json.ts'
import { renderTable } from '../output/table.ts'
import { compileFile, readTextFile } from '../pipeline-file.ts'

/** `jobwright push FILE…`: saves pipelines on the server, each under the name in it. None is sent while one of them has an error. */
export async function pushHandler({ files }: { files: string[] }, ctx: CliContext): Promise<number> {
  const findings: Finding[] = []
  const pipelines: { file: string; name: string; yaml: string }[] = []
  for (const file of files) {
    // The server checks them against its job types; here their names are wanted, and what is wrong in any case.
    const { plan, findings: own } = await compileFile(file, ctx, {})
    findings.push(...own)
    if (plan) pipelines.push({ file, name: plan.name, yaml: await readTextFile(file, ctx.cwd) })
  }
  for (const finding of findings) note(ctx, findingLine(finding, ctx.errorColor))
  if (hasErrors(findings)) {
    if (ctx.output === 'json') ctx.stdout.write(renderJson({ valid: false, findings }))
    return exitCodes.usage
  }
  const api = await ctx.pipelineApi()
  const items: { file: string; name: string; version: number; is_new: boolean }[] = []
  for (const { file, name, yaml } of pipelines) {
    const saved = await api.savePipeline(name, yaml, { signal: ctx.signal })
    for (const finding of saved.findings) note(ctx, findingLine({ ...finding, file }, ctx.errorColor))
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
