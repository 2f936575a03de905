import { isDone } from '../../pipeline/plan/transitions.ts'
import type { PipelineRunView } from '../context.ts'
import { escapeControl, formatClock, formatDuration } from '../output/text.ts'
import { progressText } from './job-runs.ts'
import { queueText } from './queue.ts'
import { runOf, toMs } from './steps.ts'

type StepLine = PipelineRunView['steps'][number]

/** What was last said of each step or item: its status and generation. Warnings are in it by their text. */
export type Said = Map<string, string>

/**
 * One line per status change since `said`, which is brought up to date. For logs and pipes: nothing is redrawn.
 * `12:00:01 step graph completed 1.2s run 0197…`
 */
export function changeLines(said: Said, view: PipelineRunView, now: number): string[] {
  const lines: { at: number; text: string }[] = []
  for (const step of view.steps) {
    const name = step.item === undefined ? step.step : `${step.step}[${step.item}]`
    const news = [step.status, step.generation, progressText(step), step.trouble ?? '', step.queue?.key ?? '']
      .join(' ')
      .trimEnd()
    const before = said.get(name)
    if (before === news) continue
    said.set(name, news)
    // A step that waits, for its needs or for its turn, is no news: it has not begun. One that will be tried again has.
    if (
      (step.status === 'waiting' && step.next_try_at === undefined) ||
      (step.status === 'pending' && step.generation === 0)
    )
      continue
    const isProgress =
      before?.startsWith(`${step.status} ${step.generation}`) === true &&
      (progressText(step) !== '' || step.trouble !== undefined)
    // What began was told of; what changes since then changes now, for all that is known.
    const [status, generation] = before?.split(' ') ?? []
    const hadBegun = status !== 'waiting' && generation === String(step.generation)
    const isChange = hadBegun && !isDone(step.status) && step.status !== 'cancelling'
    const at = isProgress || isChange ? now : (timeOf(step) ?? toMs(view.finished_at) ?? now)
    lines.push({ at, text: `${formatClock(at)} step ${escapeControl(name)} ${describe(step)}` })
  }
  if (view.queue && !said.has('queue')) {
    said.set('queue', '')
    lines.push({ at: now, text: `${formatClock(now)} ${queueText(view.queue)}` })
  }
  for (const warning of view.warnings) {
    const key = `warning: ${warning}`
    if (said.has(key)) continue
    said.set(key, '')
    lines.push({ at: now, text: `${formatClock(now)} ${escapeControl(key)}` })
  }
  // Several changes may arrive at once: in the order in which they happened.
  return lines.sort((a, b) => a.at - b.at).map((line) => line.text)
}

function describe(step: StepLine): string {
  const parts = [escapeControl(step.status)]
  const started = toMs(step.started_at)
  const finished = toMs(step.finished_at)
  if (started !== undefined && finished !== undefined) parts.push(formatDuration(finished - started))
  const next = toMs(step.next_try_at ?? null)
  if (next !== undefined)
    parts.push(`for generation ${step.generation}, which starts at ${formatClock(next)}`)
  else if (step.generation > 1) parts.push(`generation ${step.generation}`)
  if (step.progress) parts.push(escapeControl(progressText(step)))
  const run = runOf(step)
  if (run) parts.push(`run ${escapeControl(run)}`)
  if (step.unknown_trigger) parts.push(`job ${escapeControl(step.unknown_trigger.job_id)}`)
  if (step.trouble) parts.push(escapeControl(step.trouble))
  if (step.queue) parts.push(queueText(step.queue))
  if (step.error) parts.push(`${escapeControl(step.error.code)}: ${escapeControl(step.error.message)}`)
  return parts.join(' ')
}

function timeOf(step: StepLine): number | undefined {
  if (isDone(step.status)) return toMs(step.finished_at)
  if (step.status === 'cancelling') return toMs(step.cancel_requested_at ?? null)
  return step.status === 'pending' || step.status === 'running'
    ? toMs(step.generation_started_at ?? step.started_at)
    : undefined
}
