import type { Json } from '../../../base/json.ts'
import type { ScheduleChange } from '../../../contract/schedules/view.ts'
import { localText, zoneOf } from '../../../schedule/times/index.ts'
import { type CliContext, note } from '../../context.ts'
import { exitCodes } from '../../exit-codes.ts'
import { renderJson } from '../../output/json.ts'
import { renderTable } from '../../output/table.ts'
import { escapeControl } from '../../output/text.ts'
import { fileSchedules } from './file-schedules.ts'
import { withSchedules } from './with-schedules.ts'

export interface ApplyArgs {
  /** Or the name of a saved pipeline. */
  file: string
  /** Names of schedules of it. */
  only?: string[] | undefined
  dryRun?: boolean | undefined
}

/** `jobwright schedule apply FILE`: says what changes, then changes it; all schedules of the file are checked before the first is. */
export async function applyHandler(args: ApplyArgs, ctx: CliContext): Promise<number> {
  const found = await fileSchedules(args.file, args.only, ctx)
  if ('findings' in found) {
    if (ctx.output === 'json') ctx.stdout.write(renderJson({ valid: false, findings: found.findings }))
    return exitCodes.usage
  }
  const { plan, version } = found
  const items = await withSchedules(ctx, async (schedules) => {
    const wanted = found.schedules.map((schedule) => ({ pipeline: plan, schedule, version }))
    const planned: ScheduleChange[] = []
    for (const each of wanted) planned.push(await schedules.plan(each, { signal: ctx.signal }))
    for (const change of planned) tell(change, ctx)
    if (args.dryRun) return planned
    const applied: ScheduleChange[] = []
    for (const each of wanted) {
      const change = await schedules.apply(each, { signal: ctx.signal })
      if (ctx.output === 'text') ctx.stdout.write(`${done(change)}\n`)
      applied.push(change)
    }
    return applied
  })
  if (ctx.output === 'json') ctx.stdout.write(renderJson({ items, count: items.length }))
  if (args.dryRun) note(ctx, 'nothing was changed: --dry-run')
  return exitCodes.completed
}

function tell(change: ScheduleChange, ctx: CliContext): void {
  for (const warning of change.warnings)
    note(ctx, `warning: ${escapeControl(change.name)}: ${escapeControl(warning)}`)
  if (ctx.output === 'text') ctx.stdout.write(`${changeText(change)}\n`)
}

const headings = { created: 'is new', updated: 'changes', unchanged: 'does not change' } as const

/** What changes, with the next times in the schedule's zone. */
function changeText(change: ScheduleChange): string {
  const { name, differences, timezone } = change
  const fields = differences.map(
    ({ field, before, after }) => `  ${field}: ${shown(before)} → ${shown(after)}`,
  )
  const paused = change.paused ? ['  paused: it is never due until it is resumed'] : []
  return [
    `${escapeControl(name)} ${headings[change.change]}`,
    ...fields.map(escapeControl),
    ...paused,
    ...times(change, timezone),
  ].join('\n')
}

function shown(value: Json): string {
  return typeof value === 'string' ? value : JSON.stringify(value)
}

function times({ change, next_before, next_after }: ScheduleChange, timezone: string): string[] {
  const zone = zoneOf(timezone)
  const local = (at: string | undefined) =>
    at === undefined ? '-' : localText(Date.parse(at), zone).replace('T', ' ')
  const isSame = next_before.join() === next_after.join()
  if (change === 'created' || isSame)
    return next_after.length === 0
      ? []
      : [`  next times (${timezone}):`, ...next_after.map((at) => `    ${local(at)}`)]
  const rows = Array.from({ length: Math.max(next_before.length, next_after.length) }, (_, index) => [
    local(next_before[index]),
    local(next_after[index]),
  ])
  const table = renderTable(['BEFORE', 'AFTER'], rows).trimEnd().split('\n')
  return [`  next times (${timezone}):`, ...table.map((line) => `    ${line}`)]
}

function done({ name, change }: ScheduleChange): string {
  const what = { created: 'created', updated: 'changed', unchanged: 'unchanged' }[change]
  return `${escapeControl(name)}: ${what}`
}
