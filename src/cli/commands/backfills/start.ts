import { parseDurationMs } from '../../../base/duration.ts'
import type {
  BackfillLine,
  BackfillOrder,
  BackfillPlan,
  BackfillScope,
} from '../../../contract/schedules/backfills.ts'
import { type CliContext, note, type Schedules } from '../../context.ts'
import { exitCodes } from '../../exit-codes.ts'
import { renderJson } from '../../output/json.ts'
import { statusPaint } from '../../output/paint.ts'
import { renderTable } from '../../output/table.ts'
import { count, escapeControl, shellWord } from '../../output/text.ts'
import { formatTime } from '../../output/time.ts'
import { withSchedules } from '../schedules/with-schedules.ts'
import { followBackfill } from './follow.ts'
import { leaveTexts } from './words.ts'

export interface BackfillArgs {
  name: string
  from: string
  until?: string | undefined
  only?: BackfillScope | undefined
  order?: BackfillOrder | undefined
  maxActive?: number | undefined
  plan?: boolean | undefined
  yes?: boolean | undefined
  detach?: boolean | undefined
}

/** `jobwright schedule backfill NAME --from T [--until T]`: runs the times of a range that have been, and follows that. */
export function backfillHandler(args: BackfillArgs, ctx: CliContext): Promise<number> {
  return withSchedules(ctx, async (schedules) =>
    args.plan ? plan(schedules, args, ctx) : start(schedules, args, ctx),
  )
}

function optionsOf({ from, until, only, order, maxActive, yes }: BackfillArgs, ctx: CliContext) {
  return {
    from: timeOf(from, ctx),
    until: until === undefined ? undefined : timeOf(until, ctx),
    ...{ only, order, maxActive, isConfirmed: yes, signal: ctx.signal },
  }
}

/** How long ago, or `now`; any other form is read where the zone of the schedule is known. */
function timeOf(text: string, ctx: CliContext): Date | string {
  const agoMs = text === 'now' ? 0 : parseDurationMs(text)
  return agoMs === undefined ? text : new Date(ctx.now() - agoMs)
}

async function start(schedules: Schedules, args: BackfillArgs, ctx: CliContext): Promise<number> {
  const started = await schedules.backfill(args.name, optionsOf(args, ctx))
  const { id, ticks, warnings } = started
  for (const warning of warnings) note(ctx, `warning: ${escapeControl(warning)}`)
  if (!args.detach) {
    note(ctx, `started ${escapeControl(id)}: ${count(ticks, 'time')} of ${escapeControl(args.name)}`)
    return followBackfill(schedules, id, ctx)
  }
  if (ctx.output === 'json') ctx.stdout.write(renderJson(started))
  else {
    ctx.stdout.write(`${escapeControl(id)}\n`)
    note(ctx, `follow it: jobwright backfill watch ${shellWord(id)}`)
  }
  return exitCodes.completed
}

async function plan(schedules: Schedules, args: BackfillArgs, ctx: CliContext): Promise<number> {
  const planned = await schedules.planBackfill(args.name, optionsOf(args, ctx))
  for (const warning of planned.warnings) note(ctx, `warning: ${escapeControl(warning)}`)
  if (ctx.output === 'json') {
    ctx.stdout.write(renderJson(planned))
    return exitCodes.completed
  }
  ctx.stdout.write(table(planned.lines, ctx))
  for (const line of hints(planned)) note(ctx, line)
  return exitCodes.completed
}

function table(lines: readonly BackfillLine[], ctx: CliContext): string {
  const rows = lines.map(({ nominal_at, action, reason, run, status }) => [
    formatTime(nominal_at),
    action,
    reason === null ? null : leaveTexts[reason],
    status,
    run,
  ])
  return renderTable(['TIME', 'WOULD', 'BECAUSE', 'STATUS', 'RUN'], rows, {
    columns: ctx.columns(),
    cut: ['BECAUSE'],
    drop: ['BECAUSE'],
    paint: statusPaint(ctx.color),
  })
}

function hints({ runs, lines, only, max_active }: BackfillPlan): string[] {
  const ended = lines.filter(({ status }) => status === 'failed' || status === 'cancelled').length
  return [
    `${runs} of ${count(lines.length, 'time')} would run, ${max_active} at once; nothing was started`,
    ...(only === 'missing' && ended > 0
      ? [`${count(ended, 'run')} ended otherwise than completed: --only failed runs those times again`]
      : []),
  ]
}
