import type { ScheduleView } from '../../../contract/schedules/view.ts'
import { localText, zoneOf } from '../../../schedule/times/index.ts'
import { type CliContext, note } from '../../context.ts'
import { exitCodes } from '../../exit-codes.ts'
import { renderJson } from '../../output/json.ts'
import { renderFields } from '../../output/table.ts'
import { escapeControl } from '../../output/text.ts'
import { withSchedules } from './with-schedules.ts'
import { lastText, lateText, whenText } from './words.ts'

/** `jobwright schedule show NAME`: when it is due, what it waits for, what is amiss. */
export async function showHandler({ name }: { name: string }, ctx: CliContext): Promise<number> {
  const view = await withSchedules(ctx, (schedules) => schedules.show(name, { signal: ctx.signal }))
  if (ctx.output === 'json') ctx.stdout.write(renderJson(view))
  else {
    ctx.stdout.write(scheduleText(view))
    for (const warning of view.warnings) note(ctx, `warning: ${escapeControl(warning)}`)
  }
  return exitCodes.completed
}

export function scheduleText(view: ScheduleView): string {
  const { last } = view
  const zone = zoneOf(view.timezone)
  const local = (at: string) => localText(Date.parse(at), zone).replace('T', ' ')
  const late = last && lateText(last)
  const inputs = Object.entries(view.inputs).map(([name, value]) => `${name}=${JSON.stringify(value)}`)
  return renderFields([
    ['schedule', view.name],
    [
      'pipeline',
      `${view.pipeline}${view.pipeline_version === null ? '' : ` (version ${view.pipeline_version})`}`,
    ],
    ['status', view.paused ? `paused: ${view.paused_because}` : 'on'],
    ['when', whenText(view)],
    ['until', view.until && local(view.until)],
    ['jitter', view.jitter],
    ['overlap', view.overlap],
    ['catch-up', `${view.catch_up.keep}, within ${view.catch_up.window}`],
    ['clock changes', `a time that does not exist: ${view.dst.gap}; one that comes twice: ${view.dst.fold}`],
    ['inputs', inputs.length === 0 ? undefined : inputs.join(' ')],
    ['next', view.next_at.length === 0 ? 'never' : view.next_at.map(local).join(', ')],
    ['waiting', view.buffered_at.length === 0 ? undefined : view.buffered_at.map(local).join(', ')],
    ['open runs', view.open_runs.length === 0 ? undefined : view.open_runs.join(', ')],
    [
      'last',
      last && [lastText(last), last.reason, late && `${late} late`, last.run].filter(Boolean).join(', '),
    ],
    ['revision', view.revision],
    ['workspace', view.workspace],
    ['owner', view.owner],
  ])
}
