import path from 'node:path'
import type { CompiledPipeline } from '../../pipeline/index.ts'
import { type CliContext, note } from '../context.ts'
import { exitCodes } from '../exit-codes.ts'
import { findingLine, hasErrors } from '../output/findings.ts'
import { renderJson } from '../output/json.ts'
import { escapeControl, escapeControlInLines } from '../output/text.ts'
import { openPipelineFile, writeTextFile } from '../pipeline-file.ts'

export const graphFormats = ['text', 'mermaid', 'svg', 'yaml'] as const

type GraphFormat = (typeof graphFormats)[number]

export interface GraphArgs {
  file: string
  /** Left out: what the name of `out` says, else text. */
  format?: GraphFormat | undefined
  /** Write there instead of stdout. */
  out?: string | undefined
}

/** `jobwright graph FILE`: the steps and what they need, drawn, or the pipeline as YAML. Asks the server for the saved pipelines that it names, and for nothing else. */
export async function graphHandler(args: GraphArgs, ctx: CliContext): Promise<number> {
  const opened = await openPipelineFile(args.file, ctx)
  const compiled: CompiledPipeline = 'findings' in opened ? opened : await opened.compile({})
  const { plan, findings } = compiled
  if ('findings' in opened || !plan || hasErrors(findings)) {
    for (const finding of findings) note(ctx, findingLine(finding, ctx.errorColor))
    if (ctx.output === 'json') ctx.stdout.write(renderJson({ valid: false, findings }))
    return exitCodes.usage
  }
  const { drawPipeline } = await import('../../pipeline/index.ts')
  const format = args.format ?? formatOf(args.out)
  const drawing = format === 'yaml' ? opened.toYaml() : drawPipeline(plan, format)
  const text = drawing.endsWith('\n') ? drawing : `${drawing}\n`
  if (args.out !== undefined) await writeTextFile(args.out, text, ctx.cwd)
  if (ctx.output === 'json')
    ctx.stdout.write(
      renderJson({
        pipeline: plan.name,
        format,
        ...(args.out === undefined ? { graph: text } : { file: args.out }),
      }),
    )
  else if (args.out === undefined) ctx.stdout.write(escapeControlInLines(text))
  else note(ctx, `wrote ${escapeControl(args.out)}`)
  return exitCodes.completed
}

function formatOf(out: string | undefined): GraphFormat {
  switch (path.extname(out ?? '').toLowerCase()) {
    case '.svg':
      return 'svg'
    case '.yaml':
    case '.yml':
      return 'yaml'
    case '.mmd':
    case '.mermaid':
      return 'mermaid'
    default:
      return 'text'
  }
}
