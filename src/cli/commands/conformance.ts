import type { Report, Result } from '../../conformance/index.ts'
import { locateApi } from '../../connect/locate.ts'
import { type CliContext, note } from '../context.ts'
import { usageError } from '../errors.ts'
import { exitCodes } from '../exit-codes.ts'
import { renderJson } from '../output/json.ts'
import { type Paint, painter } from '../output/paint.ts'
import { renderFields } from '../output/table.ts'
import { count, escapeControl, padEnd } from '../output/text.ts'
import { readConfigOption } from './jobs/config-option.ts'

export interface ConformanceArgs {
  url: string
  /** Makes a job and runs of it, to see what reading cannot show. */
  write?: boolean | undefined
  jobType?: string | undefined
  config?: string | undefined
  /** In seconds. */
  patience?: number | undefined
  /** The name of the variable that holds the token. */
  tokenEnv?: string | undefined
}

const defaultPatienceSeconds = 30

/** `jobwright conformance URL`: whether a server keeps to the reference, and how pipelines run on it. 1 when it does not. */
export async function conformanceHandler(args: ConformanceArgs, ctx: CliContext): Promise<number> {
  if (!args.write && (args.jobType !== undefined || args.config !== undefined))
    throw usageError(
      'nothing_to_write',
      '--job-type and --config say what is made, but nothing is without --write',
      'add --write, or leave them out',
    )
  const { conform } = await import('../../conformance/index.ts')
  const { baseUrl, token } = await locate(args, ctx)
  const config = args.config === undefined ? undefined : await readConfigOption(args.config, ctx.cwd)
  const report = await conform({
    api: { baseUrl, token, timeoutMs: ctx.config.timing.requestTimeoutMs },
    signal: ctx.signal,
    patienceMs: (args.patience ?? defaultPatienceSeconds) * 1000,
    write: args.write ? { jobType: args.jobType, config } : undefined,
    log: (line) => note(ctx, escapeControl(line)),
  })
  ctx.stdout.write(ctx.output === 'json' ? renderJson(report) : renderReport(report, painter(ctx.color)))
  if (ctx.signal.aborted) return exitCodes.interrupted
  return report.conforms ? exitCodes.completed : exitCodes.failed
}

/** The token is never on the command line, where everybody on the machine could read it. */
async function locate({ url, tokenEnv }: ConformanceArgs, ctx: CliContext) {
  const jobsApi = { ...ctx.config.jobsApi, url: url.replace(/\/+$/, ''), token: ctx.config.jobsApi.token }
  if (tokenEnv === undefined) return locateApi({ ...ctx.config, jobsApi })
  const token = ctx.config.inheritedEnvironment()[tokenEnv]
  if (token !== undefined) return { baseUrl: url, token }
  throw usageError(
    'no_token',
    `--token-env: ${tokenEnv} is not set`,
    'set it to a token that the server knows',
  )
}

/** Exported for its own test. */
export function renderReport(report: Report, paint: Paint): string {
  const { checks, profile } = report
  const lines = [...checks.flatMap((check) => renderResult(check, paint)), ...renderSkipped(checks, paint)]
  const amount = (verdict: Result['verdict']) => checks.filter((check) => check.verdict === verdict).length
  const failed = amount('fails')
  const needed = checks.filter((check) => check.needed && check.verdict === 'fails').length
  const { capabilities, mode, because, bounded, measured } = profile
  const outcome =
    failed === 0
      ? 'yes, as far as it was looked at'
      : `no: ${count(failed, 'statement')} ${failed === 1 ? 'fails' : 'fail'}, of which pipelines need ${needed}`
  const offers = Object.entries(capabilities ?? {}).flatMap(([name, value]) => (value === true ? [name] : []))
  const seen = Object.entries(measured).map(([name, value]) => `${name} ${value}`)
  return `${lines.join('\n')}\n\n${renderFields([
    ['Server', report.url],
    ['Conforms', outcome],
    ['Checks', `${amount('holds')} hold, ${failed} fail, ${amount('skipped')} skipped`],
    [
      'Offers',
      capabilities === undefined ? 'not known' : offers.join(', ') || 'nothing beyond the reference',
    ],
    ['Mode', `${mode ?? 'not known'}: ${because}`],
    ['For bounded', bounded],
    ['Measured', seen.join(', ') || null],
    ['Made', report.made.map(({ kind, id, end }) => `${kind} ${id}: ${end}`).join(', ') || null],
  ])}`
}

function renderResult(check: Result, paint: Paint): string[] {
  const colors = { holds: 'green', fails: 'red', skipped: 'dim' } as const
  const head = `${paint(colors[check.verdict], padEnd(check.verdict, 8))} ${check.operation}: ${check.says}`
  const more = (label: string, text: string) => `           ${label} ${escapeControl(text)}`
  switch (check.verdict) {
    case 'holds':
      return [check.detail === undefined ? head : `${head} (${escapeControl(check.detail)})`]
    case 'skipped':
      return []
    case 'fails':
      return [
        `${head}${check.needed ? ' [pipelines need it]' : ''}`,
        more('found', check.found),
        more('expected', check.expected),
      ]
  }
}

/** Together, by their reasons: of most of them nobody needs to know more. */
function renderSkipped(checks: readonly Result[], paint: Paint): string[] {
  const skipped = checks.flatMap((check) => (check.verdict === 'skipped' ? [check] : []))
  return [...Map.groupBy(skipped, ({ why }) => why)].map(
    ([why, all]) =>
      `${paint('dim', padEnd('skipped', 8))} ${all.map(({ id }) => id).join(', ')}: ${escapeControl(why)}`,
  )
}
