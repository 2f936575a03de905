import { type CliContext, note } from '../../context.ts'
import { exitCodes } from '../../exit-codes.ts'
import { renderJson } from '../../output/json.ts'
import { count, escapeControl, shellWord } from '../../output/text.ts'
import { formatTime } from '../../output/time.ts'
import { parseInputs } from '../run.ts'
import { withSchedules } from './with-schedules.ts'

/** `jobwright schedule pause NAME` */
export async function pauseHandler(
  { name, note: why }: { name: string; note?: string | undefined },
  ctx: CliContext,
): Promise<number> {
  const view = await withSchedules(ctx, (schedules) =>
    schedules.pause(name, { note: why, signal: ctx.signal }),
  )
  if (ctx.output === 'json') ctx.stdout.write(renderJson(view))
  else {
    ctx.stdout.write(`${escapeControl(name)} is ${escapeControl(view.paused_because ?? 'paused')}\n`)
    note(ctx, `resume it: jobwright schedule resume ${shellWord(name)}`)
  }
  return exitCodes.completed
}

/** `jobwright schedule resume NAME` */
export async function resumeHandler({ name }: { name: string }, ctx: CliContext): Promise<number> {
  const view = await withSchedules(ctx, (schedules) => schedules.resume(name, { signal: ctx.signal }))
  const next = formatTime(view.next_at[0])
  if (ctx.output === 'json') ctx.stdout.write(renderJson(view))
  else ctx.stdout.write(`${escapeControl(name)} goes on${next === null ? '' : `: next at ${next}`}\n`)
  return exitCodes.completed
}

/** `jobwright schedule trigger NAME`: a run now, beside its times. */
export async function triggerHandler(
  { name, input }: { name: string; input?: string[] | undefined },
  ctx: CliContext,
): Promise<number> {
  const inputs = input === undefined ? undefined : parseInputs(input)
  const triggered = await withSchedules(ctx, (schedules) =>
    schedules.trigger(name, { inputs, signal: ctx.signal }),
  )
  if (ctx.output === 'json') ctx.stdout.write(renderJson({ schedule: name, ...triggered }))
  else {
    ctx.stdout.write(`${escapeControl(triggered.run)}\n`)
    note(ctx, `follow it: jobwright watch ${shellWord(triggered.run)}`)
  }
  return exitCodes.completed
}

/** `jobwright schedule delete NAME` */
export async function deleteHandler({ name }: { name: string }, ctx: CliContext): Promise<number> {
  const view = await withSchedules(ctx, (schedules) => schedules.delete(name, { signal: ctx.signal }))
  const open = view.open_runs.length
  if (ctx.output === 'json') ctx.stdout.write(renderJson(view))
  else
    ctx.stdout.write(
      `${escapeControl(name)} is deleted${open === 0 ? '' : `; ${count(open, 'run')} of it ${open === 1 ? 'goes' : 'go'} on`}\n`,
    )
  return exitCodes.completed
}
