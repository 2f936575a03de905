import { parseDurationMs } from '../../../base/duration.ts'
import type { SimulatedTick, Simulation } from '../../../contract/schedules/view.ts'
import type { ScheduleRequest } from '../../../schedule/plan/index.ts'
import { localText, zoneOf } from '../../../schedule/times/index.ts'
import { isName } from '../../compile-to-run.ts'
import { type CliContext, note } from '../../context.ts'
import { usageError } from '../../errors.ts'
import { exitCodes } from '../../exit-codes.ts'
import { renderJson } from '../../output/json.ts'
import { renderTable } from '../../output/table.ts'
import { count as amountOf, escapeControl } from '../../output/text.ts'
import { parseAhead } from '../../output/time.ts'
import { fileSchedules } from './file-schedules.ts'
import { withSchedules } from './with-schedules.ts'

export interface SimulateArgs {
  /** A file, or the name of a schedule. */
  target: string
  only?: string[] | undefined
  count?: number | undefined
  from?: string | undefined
  until?: string | undefined
  /** How long each run takes. */
  assume?: string | undefined
}

/** `jobwright schedule simulate FILE|NAME`: the times to come. 1 when Temporal's schedule has others. */
export async function simulateHandler(args: SimulateArgs, ctx: CliContext): Promise<number> {
  const options = optionsOf(args, ctx)
  const targets = await targetsOf(args, ctx)
  if ('findings' in targets) {
    if (ctx.output === 'json') ctx.stdout.write(renderJson({ valid: false, findings: targets.findings }))
    return exitCodes.usage
  }
  const simulations: Simulation[] = []
  await simulateAll(ctx, targets, async (simulate) => {
    for (const target of targets.schedules) simulations.push(await simulate(target, options))
  })
  if (ctx.output === 'json') ctx.stdout.write(renderJson({ items: simulations, count: simulations.length }))
  else ctx.stdout.write(simulations.map(simulationText).join('\n'))
  for (const { schedule, warnings, differences } of simulations) {
    for (const warning of warnings)
      note(ctx, `warning: ${escapeControl(schedule)}: ${escapeControl(warning)}`)
    if (differences.length > 0)
      note(
        ctx,
        `error: ${escapeControl(schedule)}: Temporal's schedule differs in ${amountOf(differences.length, 'time')}, the first is ${differences[0]?.at} (only in ${differences[0]?.only_in}): apply it again`,
      )
  }
  return simulations.some(({ differences }) => differences.length > 0)
    ? exitCodes.failed
    : exitCodes.completed
}

type Targets = { schedules: readonly (string | ScheduleRequest)[]; isFile: boolean }
type Simulate = (
  target: string | ScheduleRequest,
  options: ReturnType<typeof optionsOf>,
) => Promise<Simulation>

async function targetsOf({ target, only }: SimulateArgs, ctx: CliContext) {
  if (isName(target, ctx)) return { schedules: [target], isFile: false }
  const found = await fileSchedules(target, only, ctx)
  return 'findings' in found ? found : { schedules: found.schedules, isFile: true }
}

/** A file is simulated without Temporal, too: then nothing is compared. */
async function simulateAll(
  ctx: CliContext,
  { isFile }: Targets,
  work: (simulate: Simulate) => Promise<void>,
): Promise<void> {
  if (isFile) {
    const { simulate } = await import('../../../schedule/simulation/index.ts')
    return work(async (target, options) => simulate(target as ScheduleRequest, options, ctx.now()))
  }
  return withSchedules(ctx, (schedules) => work((target, options) => schedules.simulate(target, options)))
}

/** @throws JobwrightError `bad_time`, `bad_duration`, `bad_usage`, `empty_range` */
function optionsOf({ count, from, until, assume }: SimulateArgs, ctx: CliContext) {
  if (count !== undefined && until !== undefined)
    throw usageError('bad_usage', '--count and --until are two ways to say where it ends', 'give one of them')
  const range = {
    from: from === undefined ? undefined : parseAhead(from, ctx.now(), '--from'),
    until: until === undefined ? undefined : parseAhead(until, ctx.now(), '--until'),
  }
  return { count, ...range, assumeMs: assumedMs(assume), signal: ctx.signal }
}

function assumedMs(assume: string | undefined): number | undefined {
  if (assume === undefined) return undefined
  const ms = parseDurationMs(assume)
  if (ms !== undefined && ms > 0) return ms
  throw usageError(
    'bad_duration',
    `--assume ${escapeControl(assume)}: not a duration`,
    'say how long a run takes, for example 25m, 90s or 2h',
  )
}

const dstWords = {
  gap: 'does not exist: moved',
  fold: 'comes twice: the first',
  second: 'comes twice: the second',
}

function simulationText({ schedule, timezone, ticks, overlap, assume, compared }: Simulation): string {
  const zone = zoneOf(timezone)
  const local = (at: string | null) => at && localText(Date.parse(at), zone).replace('T', ' ')
  const rows = ticks.map((tick) => [
    tick.local_at.replace('T', ' '),
    tick.dst && (tick.reason === 'dst_gap' ? 'does not exist' : dstWords[tick.dst]),
    ...(ticks.some(({ due_at, nominal_at }) => due_at !== nominal_at) ? [local(tick.due_at)] : []),
    becomes(tick, assume !== null),
    ...(assume === null ? [] : [local(tick.starts_at), local(tick.ends_at)]),
  ])
  const hasJitter = ticks.some(({ due_at, nominal_at }) => due_at !== nominal_at)
  const headings = [
    'TIME',
    'CLOCK CHANGE',
    ...(hasJitter ? ['DUE'] : []),
    'BECOMES',
    ...(assume === null ? [] : ['STARTS', 'ENDS']),
  ]
  const how = assume === null ? '' : `, runs of ${assume}, overlap: ${overlap}`
  const truth = compared ? ", the same in Temporal's schedule" : ''
  const title = `${escapeControl(schedule)} (${timezone}${how}${truth})\n`
  return ticks.length === 0 ? `${title}never\n` : title + renderTable(headings, rows)
}

function becomes(
  { outcome, reason, cancelled, starts_at, due_at }: SimulatedTick,
  isAssumed: boolean,
): string {
  if (outcome !== 'fired') return `${outcome}${reason === null ? '' : `: ${reason}`}`
  if (!isAssumed) return 'a run'
  const waits = starts_at !== null && starts_at !== due_at ? 'a run, after it waited' : 'a run'
  return cancelled ? `${waits}; cancelled by a later one` : waits
}
