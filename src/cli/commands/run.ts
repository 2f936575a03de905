import { compileToRun } from '../compile-to-run.ts'
import { type CliContext, note } from '../context.ts'
import { usageError } from '../errors.ts'
import { exitCodes } from '../exit-codes.ts'
import { findingLine, hasErrors } from '../output/findings.ts'
import { renderJson } from '../output/json.ts'
import { escapeControl, shellWord } from '../output/text.ts'
import { follow } from '../progress/follow.ts'

export interface RunArgs {
  /** Or the name of a saved pipeline. */
  file: string
  /** `name=value`, each. */
  input?: string[] | undefined
  detach?: boolean | undefined
  id?: string | undefined
}

/** `jobwright run FILE|NAME`: check, start, follow. Nothing is started when there is a finding of severity error. */
export async function runHandler(args: RunArgs, ctx: CliContext): Promise<number> {
  const given = parseInputs(args.input ?? [])
  const { resolveInputs } = await import('../../pipeline/index.ts')
  const { version, ...compiled } = await compileToRun(args.file, ctx)
  const findings = [...compiled.findings]
  const resolved = compiled.plan ? resolveInputs(compiled.plan, given) : { findings: [] }
  findings.push(...resolved.findings.map((finding) => ({ ...finding, file: args.file })))
  for (const finding of findings) note(ctx, findingLine(finding, ctx.errorColor))
  if (!compiled.plan || !resolved.inputs || hasErrors(findings)) {
    if (ctx.output === 'json') ctx.stdout.write(renderJson({ valid: false, findings }))
    return exitCodes.usage
  }
  if (ctx.signal.aborted) return exitCodes.interrupted

  const access = await ctx.connect()
  try {
    const run = await access.pipelines.start(compiled.plan, resolved.inputs, { id: args.id, version })
    const { id, existed, warnings } = run
    for (const warning of warnings) note(ctx, `warning: ${escapeControl(warning)}`)
    if (existed) note(ctx, `${escapeControl(id)} exists already; nothing new was started`)
    if (args.detach) {
      const status = existed ? (await access.pipelines.show(id)).status : 'running'
      return started({ id, pipeline: compiled.plan.name, status, existed, warnings }, ctx)
    }
    if (!existed) note(ctx, `started ${escapeControl(id)}`)
    return await follow(access.pipelines, id, ctx)
  } finally {
    await access.close()
  }
}

function started(
  run: { id: string; pipeline: string; status: string; existed: boolean; warnings: readonly string[] },
  ctx: CliContext,
): number {
  if (ctx.output === 'json') {
    ctx.stdout.write(renderJson(run))
  } else {
    ctx.stdout.write(`${escapeControl(run.id)}\n`)
    note(ctx, `follow it: jobwright watch ${shellWord(run.id)}`)
  }
  return exitCodes.completed
}

/** @throws JobwrightError `bad_input` for what is no `name=value`, and for a name given twice */
export function parseInputs(pairs: string[]): Record<string, string> {
  const inputs = new Map<string, string>()
  for (const pair of pairs) {
    const at = pair.indexOf('=')
    if (at < 1)
      throw usageError(
        'bad_input',
        `-i ${escapeControl(pair)}: expected name=value`,
        'for example -i severity=high',
      )
    const name = pair.slice(0, at)
    if (inputs.has(name))
      throw usageError('bad_input', `-i ${escapeControl(name)} is given twice`, 'give it once')
    inputs.set(name, pair.slice(at + 1))
  }
  return Object.fromEntries(inputs)
}
