import { isDone } from '../../pipeline/plan/transitions.ts'
import type { CliContext, PipelineRunView } from '../context.ts'
import { exitCodes } from '../exit-codes.ts'
import { renderJson } from '../output/json.ts'
import { painter } from '../output/paint.ts'
import { count, escapeControl } from '../output/text.ts'
import { formatTime } from '../output/time.ts'
import { renderBlock } from '../progress/block.ts'
import { heldLines, jobRunLink } from '../progress/held.ts'
import { createJobRunProgress } from '../progress/job-runs.ts'
import { runOf, stepName } from '../progress/steps.ts'
import { outputLine, summaryLines } from '../progress/summary.ts'

type StepLine = PipelineRunView['steps'][number]

/** `jobwright show ID`: where a run stands now. 0 whatever its status; `watch` has an exit code for that. */
export async function showHandler(args: { id: string }, ctx: CliContext): Promise<number> {
  const access = await ctx.connect()
  try {
    const found = await access.pipelines.show(args.id)
    const progress = createJobRunProgress(ctx)
    if (!isDone(found.status)) await progress.look(found)
    const view = progress.join(found)
    const inputs = await access.pipelines.inputs(args.id)
    if (ctx.output === 'json') {
      ctx.stdout.write(renderJson({ ...view, inputs }))
      return exitCodes.completed
    }
    const lines = renderBlock(view, ctx.now(), undefined, painter(ctx.color))
    const summary = isDone(view.status)
      ? summaryLines(view, { failures: false })
      : heldLines(view, ctx.now(), await jobRunLink(ctx, view))
    const given = section(
      'inputs:',
      Object.entries(inputs).map(([name, value]) => outputLine(view.id, name, JSON.stringify(value))),
    )
    const details = [
      ...section('items:', itemLines(view)),
      ...section('earlier generations:', earlierLines(view)),
      ...section('notifications:', deliveryLines(view)),
    ]
    ctx.stdout.write(
      `${[...lines, ...details, ...given, ...summary, ...within(view), ...where(view), ...whose(view)].join('\n')}\n`,
    )
    return exitCodes.completed
  } finally {
    await access.close()
  }
}

function section(title: string, lines: string[]): string[] {
  return lines.length === 0 ? [] : [title, ...lines]
}

/** The block above only counts them. */
function itemLines(view: PipelineRunView): string[] {
  return view.steps
    .filter((step) => step.item !== undefined || step.decided !== undefined)
    .map((step) => {
      const generation = step.generation > 1 ? [`generation ${step.generation}`] : []
      const id = runOf(step)
      const run = id === null ? [] : [`run ${escapeControl(id)}`]
      const since = formatTime(step.cancel_requested_at)
      const cancelled = since === null ? [] : [`since ${since}`]
      const why = [step.skipped_because, step.trouble].flatMap((text) => (text ? [escapeControl(text)] : []))
      const decided = step.decided === undefined ? [] : [`decided by a person: ${step.decided}`]
      return `  ${[stepName(step), escapeControl(step.status), ...generation, ...cancelled, ...run, ...why, ...decided].join('  ')}`
    })
}

function earlierLines(view: PipelineRunView): string[] {
  return view.steps.flatMap((step: StepLine) =>
    (step.earlier ?? []).map(({ generation, error, ...earlier }) => {
      const id = runOf(earlier)
      const run = id === null ? [] : [`run ${escapeControl(id)}`]
      const why = error === null ? [] : [`${escapeControl(error.code)}: ${escapeControl(error.message)}`]
      return `  ${[stepName(step), `generation ${generation}`, ...run, ...why].join('  ')}`
    }),
  )
}

function deliveryLines({ deliveries = [] }: PipelineRunView): string[] {
  return deliveries.map(({ event, receiver, state, attempts, error, ...when }) => {
    const at = formatTime(when.delivered_at ?? when.at)
    const tries = state === 'unknown' ? [] : [count(attempts, 'attempt')]
    const next = formatTime(when.next_try_at)
    const why = [
      ...(error === null ? [] : [escapeControl(error)]),
      ...(next === null ? [] : [`next at ${next}`]),
    ]
    const told = [
      escapeControl(event),
      escapeControl(receiver),
      escapeControl(state),
      ...(at === null ? [] : [at]),
    ]
    return `  ${[...told, ...tries, ...why].join('  ')}`
  })
}

function within({ parent }: PipelineRunView): string[] {
  if (!parent) return []
  const step = parent.item === null ? parent.step : `${parent.step}[${parent.item}]`
  return [`step ${escapeControl(step)} of pipeline run ${escapeControl(parent.id)}`]
}

function where({ connection }: PipelineRunView): string[] {
  if (!connection) return []
  const { name, mode, promise } = connection
  const how = mode === null ? '' : ` (${escapeControl(mode)}): ${escapeControl(promise ?? '')}`
  return [`on connection ${escapeControl(name)}${how}`]
}

function whose({ workspace, owner }: PipelineRunView): string[] {
  if (workspace === null) return []
  const by = owner === null ? '' : ` by ${escapeControl(owner)}`
  return [`started${by} in workspace ${escapeControl(workspace)}`]
}
