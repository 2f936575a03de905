import { type CliContext, note } from '../context.ts'
import { checkApi, checkConnections, checkWorkerToken } from '../doctor/api.ts'
import type { Check } from '../doctor/check.ts'
import { checkCache, checkDataDir, checkProxies } from '../doctor/machine.ts'
import { checkTemporal } from '../doctor/temporal.ts'
import { exitCodes } from '../exit-codes.ts'
import { renderJson } from '../output/json.ts'
import { formatOf, type Paint, painter } from '../output/paint.ts'
import { displayWidth, escapeControl, padEnd } from '../output/text.ts'

/** `jobwright doctor`: what is there, what is not, and what to do. 3 when something that is needed is not. */
export async function doctorHandler(_args: object, ctx: CliContext): Promise<number> {
  const checks: Check[] = [
    // One that is too old never comes this far.
    { name: 'node', status: 'ok', detail: ctx.nodeVersion },
    await checkDataDir(ctx.config.dataDir),
    checkCache(ctx.config.cacheDir),
    ...checkProxies(ctx.config.proxyVariables),
    ...(
      await Promise.all([checkTemporal(ctx), checkApi(ctx), checkWorkerToken(ctx), checkConnections(ctx)])
    ).flat(),
  ]
  const healthy = checks.every((check) => check.status !== 'problem')
  if (ctx.output === 'json') {
    ctx.stdout.write(renderJson({ healthy, version: ctx.version, checks }))
  } else {
    const width = Math.max(...checks.map(({ name }) => displayWidth(name)))
    ctx.stdout.write(
      `jobwright ${ctx.version}\n${checks.map((check) => describe(check, width, painter(ctx.color))).join('')}`,
    )
    if (!healthy) note(ctx, 'something needs fixing; see the lines with an arrow')
  }
  return healthy ? exitCodes.completed : exitCodes.unreachable
}

function describe(check: Check, width: number, paint: Paint): string {
  const status = paint(formatOf(check.status), padEnd(check.status, 8))
  const head = `${status} ${padEnd(escapeControl(check.name), width)} ${escapeControl(check.detail)}\n`
  return check.fix === undefined ? head : `${head}${' '.repeat(9)}→ ${escapeControl(check.fix)}\n`
}
