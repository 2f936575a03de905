import type { StepStatus } from '../../pipeline/plan/transitions.ts'
import { isDone } from '../../pipeline/plan/transitions.ts'
import type { PipelineRunView } from '../context.ts'
import { formatOf, type Paint } from '../output/paint.ts'
import {
  count,
  displayWidth,
  escapeControl,
  formatClock,
  formatDuration,
  padEnd,
  truncate,
} from '../output/text.ts'
import { progressText } from './job-runs.ts'
import { queueText } from './queue.ts'
import { groupSteps, runOf, type StepGroup, toMs } from './steps.ts'

const symbols: Record<StepStatus, string> = {
  waiting: '○',
  pending: '◌',
  running: '●',
  paused: '‖',
  cancelling: '◐',
  held: '◇',
  trigger_unknown: '?',
  completed: '✓',
  failed: '✗',
  cancelled: '⊘',
  skipped: '–',
}
/** What a step's line holds beside its name: mark, status, time, and `run ` with an id, which is of no use in part. */
const besideName = 65
const nameWidths = { least: 15, most: 40 }
/** A screen has room for some failures of a `for_each`, not for a thousand. */
const failuresShown = 5
/** Of items, beside those that completed. */
const countedStatuses = ['failed', 'cancelled', 'skipped', 'cancelling', 'held', 'trigger_unknown'] as const

/**
 * The picture of a pipeline run for a terminal: a head line, a line a step, and a line below a step that failed.
 * Pure: `now` gives the running clocks. No line is wider than `columns`, for a picture that is drawn over; without,
 * nothing is cut. Beyond `maxLines`, steps are only counted.
 */
export function renderBlock(
  view: PipelineRunView,
  now: number,
  width: number | undefined,
  paint: Paint,
  maxLines = Number.POSITIVE_INFINITY,
): string[] {
  const groups = groupSteps(view)
  const columns = width ?? Number.POSITIVE_INFINITY
  const nameWidth = Math.min(
    width === undefined ? columns : nameWidths.most,
    Math.max(nameWidths.least, columns - besideName),
    Math.max(0, ...groups.map((group) => displayWidth(escapeControl(group.step)))),
  )
  const statusWidth = Math.max(10, ...groups.map(({ status }) => status.length))
  const elapsed = (toMs(view.finished_at) ?? now) - (toMs(view.started_at) ?? now)
  const cancelled = sinceText(view.cancel_requested_at, now)
  const status = `${escapeControl(view.status)}${cancelled === '' ? '' : ` ${cancelled}`}`
  const head = `${escapeControl(view.pipeline)}  ${status}  ${formatDuration(elapsed)}  ${escapeControl(view.id)}`
  const schedule = view.schedule ? [paint('dim', truncate(`  ${scheduleText(view.schedule)}`, columns))] : []
  const queue = view.queue ? [paint('yellow', truncate(`  ${queueText(view.queue)}`, columns))] : []
  const warnings = (isDone(view.status) ? [] : view.warnings.slice(0, failuresShown)).map((warning) =>
    paint('yellow', truncate(`  warning: ${escapeControl(warning)}`, columns)),
  )
  const steps = groups.map((group) => [
    stepLine(group, now, { nameWidth, statusWidth }, columns, paint),
    ...failureLines(group).map((failure) => paint('red', truncate(failure, columns))),
    ...troubleLines(group).map((trouble) => paint('yellow', truncate(trouble, columns))),
  ])
  const shown = mostUrgent(groups, steps, maxLines - 1 - schedule.length - queue.length - warnings.length)
  const left = groups.length - shown.size
  return [
    paint('bold', truncate(head, columns)),
    ...schedule,
    ...queue,
    ...steps.filter((_, index) => shown.has(index)).flat(),
    ...(left > 0 ? [paint('dim', truncate(`  … and ${count(left, 'more step')}`, columns))] : []),
    ...warnings,
  ]
}

/** Which steps to show where there is no room for all: what failed or is under way, then what waits, then what is done. */
function mostUrgent(groups: StepGroup[], steps: string[][], room: number): Set<number> {
  if (steps.flat().length <= room) return new Set(groups.keys())
  const urgency = ({ status }: StepGroup) => {
    if (status === 'completed' || status === 'skipped') return 2
    return status === 'waiting' ? 1 : 0
  }
  const byUrgency = [...groups.entries()].sort(([, a], [, b]) => urgency(a) - urgency(b))
  const shown = new Set<number>()
  // One line is for the count of the rest.
  let left = room - 1
  for (const [index] of byUrgency) {
    left -= steps[index]?.length ?? 0
    if (left < 0) break
    shown.add(index)
  }
  return shown
}

function stepLine(
  group: StepGroup,
  now: number,
  { nameWidth, statusWidth }: { nameWidth: number; statusWidth: number },
  columns: number,
  paint: Paint,
): string {
  const name = truncate(escapeControl(group.step), nameWidth)
  const status = escapeControl(group.status)
  const started = group.startedAtMs
  const took = started === undefined ? '' : formatDuration((group.finishedAtMs ?? now) - started)
  const mark = `  ${symbols[group.status]} `
  const rest = [took.padStart(6), stepDetail(group, now)].join('  ').trimEnd()
  const plain = truncate(
    `${mark}${padEnd(name, nameWidth)}  ${padEnd(status, statusWidth)} ${rest}`.trimEnd(),
    columns,
  )
  // Painted after cutting: an escape sequence must never be cut.
  const format = formatOf(group.status)
  const statusAt = mark.length + padEnd(name, nameWidth).length + 2
  if (plain.length < statusAt + status.length) return plain
  const [before, word, after] = [
    plain.slice(mark.length, statusAt),
    plain.slice(statusAt, statusAt + status.length),
    plain.slice(statusAt + status.length),
  ]
  return `${paint(format, mark)}${before}${paint(format, word)}${paint('dim', after)}`
}

function scheduleText({ name, scheduled_for }: NonNullable<PipelineRunView['schedule']>): string {
  return `of schedule ${escapeControl(name)}, for ${escapeControl(scheduled_for)}`
}

/** `since 14:03:01 (12.0s)` */
function sinceText(time: string | undefined, now: number): string {
  const ms = toMs(time ?? null)
  return ms === undefined ? '' : `since ${formatClock(ms)} (${formatDuration(now - ms)})`
}

function stepDetail(group: StepGroup, now: number): string {
  if (group.items.length > 0) {
    const many = (status: StepStatus) => group.items.filter((item) => item.status === status).length
    const notes: string[] = countedStatuses.flatMap((status) =>
      many(status) > 0 ? [`${many(status)} ${status}`] : [],
    )
    const next = group.items.flatMap((item) => toMs(item.next_try_at ?? null) ?? [])
    if (next.length > 0)
      notes.push(`${next.length} to be tried again, the next at ${formatClock(Math.min(...next))}`)
    return [`${many('completed')}/${count(group.items.length, 'item')}`, ...notes].join(', ')
  }
  const line = group.line
  const parts: string[] = line?.skipped_because ? [escapeControl(line.skipped_because)] : []
  if (line?.waits_for && line.waits_for.length > 0)
    parts.push(
      `waits for ${line.waits_for.map(escapeControl).join(line.starts_with === 'any' ? ' or ' : ', ')}`,
    )
  const nextMs = toMs(line?.next_try_at ?? null)
  if (line && nextMs !== undefined)
    parts.push(`generation ${line.generation} starts at ${formatClock(nextMs)}`)
  else if (line && line.generation > 1) parts.push(`generation ${line.generation}`)
  if (line?.progress) parts.push(escapeControl(progressText(line)))
  if (line?.cancel_requested_at !== undefined) parts.push(sinceText(line.cancel_requested_at, now))
  const run = line && runOf(line)
  if (run) parts.push(`run ${escapeControl(run)}`)
  return parts.join('  ')
}

/** Why steps that are neither over nor at work do not go on. */
function troubleLines({ items, line }: StepGroup): string[] {
  const lines = line ? [line] : items
  const stuck = lines.filter(
    ({ trouble, unknown_trigger: unknown, queue }) => trouble !== undefined || unknown || queue,
  )
  const shown = stuck.slice(0, failuresShown).map(({ item, trouble, unknown_trigger: unknown, queue }) => {
    const what = unknown ? `job ${unknown.job_id} may have been triggered, a person has to decide` : trouble
    const why = what === undefined && queue ? queueText(queue) : escapeControl(what ?? '')
    return `      ${item === undefined ? '' : `[${item}] `}${why}`
  })
  if (stuck.length > failuresShown) shown.push(`      … and ${stuck.length - failuresShown} more`)
  return shown
}

function failureLines(group: StepGroup): string[] {
  if (group.items.length === 0) {
    const error = group.line?.error
    return error ? [`      ${escapeControl(error.code)}: ${escapeControl(error.message)}`] : []
  }
  const failed = group.items.filter((item) => item.error !== null)
  const shown = failed.slice(0, failuresShown).map((item) => {
    const error = item.error
    const id = runOf(item)
    const run = id ? `run ${escapeControl(id)} ` : ''
    return `      [${item.item}] ${run}${escapeControl(error?.code ?? '')}: ${escapeControl(error?.message ?? '')}`
  })
  if (failed.length > failuresShown) shown.push(`      … and ${failed.length - failuresShown} more`)
  return shown
}
