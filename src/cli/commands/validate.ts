import { maxFindings } from '../../pipeline/nodes/findings.ts'
import type { CliContext, Finding } from '../context.ts'
import { exitCodes } from '../exit-codes.ts'
import { knownWorld } from '../known-world.ts'
import { findingLine, hasErrors } from '../output/findings.ts'
import { renderJson } from '../output/json.ts'
import { count, escapeControl } from '../output/text.ts'
import { compileFile } from '../pipeline-file.ts'
import { savedPipelines } from '../saved-pipelines.ts'

export interface ValidateArgs {
  files: string[]
  /** Ask no server for its job types. */
  offline?: boolean | undefined
}

/** `jobwright validate FILE…`: every problem of every file. 2 when there is an error; warnings alone are valid. */
export async function validateHandler(args: ValidateArgs, ctx: CliContext): Promise<number> {
  const findWorld = await knownWorld(ctx, { live: !args.offline })
  const findings: Finding[] = []
  const named = savedPipelines(ctx, { offline: args.offline })
  for (const file of args.files) {
    const { options } = await findWorld(file)
    const own = (await compileFile(file, ctx, { ...options, nowMs: ctx.now() }, named)).findings
    findings.push(...own)
    if (ctx.output === 'text') ctx.stdout.write(report(file, own, ctx.color))
  }
  const valid = !hasErrors(findings)
  if (ctx.output === 'json') ctx.stdout.write(renderJson({ valid, findings }))
  return valid ? exitCodes.completed : exitCodes.usage
}

/** Where there are as many as are shown at most, there may be more. */
function amount(shown: number, noun: string): string {
  return shown < maxFindings ? count(shown, noun) : `the first ${count(shown, noun)}; there may be more`
}

function report(file: string, findings: Finding[], color: boolean): string {
  const errors = findings.filter((finding) => finding.severity === 'error').length
  const warnings = findings.length - errors
  const verdict = [
    errors === 0 ? 'valid' : amount(errors, 'error'),
    ...(warnings > 0 ? [amount(warnings, 'warning')] : []),
  ]
  return [
    ...findings.map((finding) => findingLine(finding, color)),
    `${escapeControl(file)}: ${verdict.join(', ')}`,
    '',
  ].join('\n')
}
