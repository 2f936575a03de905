import type { PipelineRunView } from '../context.ts'
import { count, escapeControl, formatDuration, shellWord } from '../output/text.ts'
import { groupSteps, runOf, toMs } from './steps.ts'

/** Enough to recognise it; `show --output json` has the whole. */
const outputCharacters = 400

/** The end of a pipeline run, for people: how it ended, warnings, what failed (unless the block above shows it), outputs. */
export function summaryLines(view: PipelineRunView, show: { failures: boolean }): string[] {
  const lines = [headline(view)]
  for (const warning of view.warnings) lines.push(`warning: ${escapeControl(warning)}`)
  const failed = show.failures ? view.steps.filter((step) => step.error !== null) : []
  for (const step of failed.slice(0, 20)) {
    const name = step.item === undefined ? step.step : `${step.step}[${step.item}]`
    const id = runOf(step)
    const run = id ? ` (run ${escapeControl(id)})` : ''
    lines.push(
      `${escapeControl(step.status)} ${escapeControl(name)}: ${escapeControl(step.error?.code ?? '')}: ${escapeControl(step.error?.message ?? '')}${run}`,
    )
  }
  if (failed.length > 20) lines.push(`… and ${failed.length - 20} more failures`)
  const outputs = Object.entries(view.outputs)
  if (outputs.length > 0) lines.push('outputs:')
  for (const [name, value] of outputs) lines.push(outputLine(view.id, name, JSON.stringify(value)))
  return lines
}

function headline(view: PipelineRunView): string {
  const started = toMs(view.started_at)
  const finished = toMs(view.finished_at)
  const took =
    started !== undefined && finished !== undefined ? ` in ${formatDuration(finished - started)}` : ''
  const counts = new Map<string, number>()
  for (const group of groupSteps(view)) counts.set(group.status, (counts.get(group.status) ?? 0) + 1)
  const steps = [...counts].map(([status, amount]) => `${amount} ${escapeControl(status)}`).join(', ')
  const total = groupSteps(view).length
  return `${escapeControl(view.id)} ${escapeControl(view.status)}${took} (${count(total, 'step')}${steps === '' ? '' : `: ${steps}`})`
}

/** A name and its value, cut where it is long. */
export function outputLine(id: string, name: string, json: string): string {
  const text = escapeControl(json)
  if (text.length <= outputCharacters) return `  ${escapeControl(name)}: ${text}`
  return `  ${escapeControl(name)}: ${text.slice(0, outputCharacters)}… (all of it: jobwright show ${shellWord(id)} --output json)`
}
