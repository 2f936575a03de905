import type { ScheduleSpec } from '../../schedule/plan/index.ts'
import { type ClockChange, clockChanges, nextTicks, parseCron } from '../../schedule/times/index.ts'
import type { Reporter } from '../nodes/findings.ts'
import { entryOf, get, type Node } from '../nodes/nodes.ts'

interface Warned {
  node: Node
  spec: ScheduleSpec
  reporter: Reporter
  nowMs: number | undefined
}

const yearMs = 366 * 86_400_000

/** Says where a schedule does something else than one may think, and where its times meet a change of the clock within a year. */
export function warnOfTimes(warned: Warned): void {
  const { spec, nowMs } = warned
  if (spec.cron === undefined) warnOfInterval(warned)
  else warnOfDays(warned, spec.cron)
  if (nowMs === undefined || (spec.untilMs !== null && spec.untilMs < nowMs)) return
  if (nextTicks(spec, '', nowMs, 1).length === 0) {
    const end = spec.untilMs === null ? '' : ` before ${new Date(spec.untilMs).toISOString()}`
    warn(warned, 'cron', 'never_due', `the schedule is never due${end}`, 'check `cron` and `until`')
  }
  const endMs = Math.min(nowMs + yearMs, (spec.untilMs ?? Number.POSITIVE_INFINITY) + 1)
  for (const change of clockChanges(spec, nowMs, endMs)) warnOfChange(warned, change)
}

function warn({ node, reporter }: Warned, field: string, code: string, message: string, fix: string): void {
  const offset = get(node, field)?.start ?? node.start
  reporter.add({ code, severity: 'warning', offset, message, fix })
}

function warnOfInterval(warned: Warned): void {
  for (const field of ['timezone', 'dst']) {
    if (!entryOf(warned.node, field)) continue
    const message = `\`${field}\` has no effect: \`every\` is counted from 1970-01-01T00:00Z`
    warn(warned, field, 'no_effect', message, 'remove it, or write `cron` for times of the clock')
  }
}

function warnOfDays(warned: Warned, cron: string): void {
  if (!parseCron(cron).restrictsBothDays) return
  const [minute, hour, dayOfMonth, month, dayOfWeek] = cron.split(/\s+/)
  warn(
    warned,
    'cron',
    'both_days',
    'day of month and day of week both have to match; a crontab runs where either does',
    `for either, write two schedules: \`${minute} ${hour} ${dayOfMonth} ${month} *\` and \`${minute} ${hour} * ${month} ${dayOfWeek}\``,
  )
}

function warnOfChange(warned: Warned, change: ClockChange): void {
  const { spec } = warned
  const [first = 0] = change.localMs
  const many = change.localMs.length
  const last = change.localMs[many - 1] ?? first
  const times =
    many === 1
      ? `${clock(first)} on ${day(first)}`
      : `${many} times from ${clock(first)} to ${clock(last)} on ${day(first)}`
  const isOne = many === 1
  if (change.kind === 'gap') {
    const message = `${times} ${isOne ? 'does' : 'do'} not exist in ${spec.timezone}: ${gapPolicy(spec, change)}`
    warn(warned, 'cron', 'dst_gap', message, fixOf(spec, 'dst: { gap: next|skip|shift }'))
    return
  }
  const message = `${times} ${isOne ? 'comes' : 'come'} twice in ${spec.timezone}: ${foldPolicy(spec, change)}`
  warn(warned, 'cron', 'dst_fold', message, fixOf(spec, 'dst: { fold: first|both }'))
}

function gapPolicy({ dst }: ScheduleSpec, { localMs, atMs, beforeMs, afterMs }: ClockChange): string {
  const it = localMs.length === 1 ? 'it' : 'they'
  const s = localMs.length === 1 ? 's' : ''
  if (dst.gap === 'skip') return `${it} ${s === '' ? 'are' : 'is'} skipped`
  if (dst.gap === 'next') return `${it} run${s} at ${clock(atMs + afterMs)}${s === '' ? ', as one' : ''}`
  return `${it} run${s} ${(afterMs - beforeMs) / 60_000} minutes later${s === '' ? '' : `, at ${clock((localMs[0] ?? 0) + afterMs - beforeMs)}`}`
}

function foldPolicy({ dst }: ScheduleSpec, { localMs, beforeMs, afterMs }: ClockChange): string {
  const run = localMs.length === 1 ? 'it runs' : 'they run'
  if (dst.fold === 'both') return `${run} both times`
  return `${run} the first time (${offset(beforeMs)}), and not the second (${offset(afterMs)})`
}

/** A cron of every hour means an interval. */
function fixOf({ cron = '' }: ScheduleSpec, field: string): string {
  const often = parseCron(cron).hours.length === 24
  const instead = often ? '`every` or `timezone: UTC`, which know no such times' : 'a time that every day has'
  return `nothing, if that is meant; else write ${instead}, or \`${field}\``
}

const clock = (localMs: number) => new Date(localMs).toISOString().slice(11, 16)
const day = (localMs: number) => new Date(localMs).toISOString().slice(0, 10)

function offset(ms: number): string {
  const minutes = Math.round(Math.abs(ms) / 60_000)
  const two = (value: number) => String(value).padStart(2, '0')
  return `${ms < 0 ? '-' : '+'}${two(Math.floor(minutes / 60))}:${two(minutes % 60)}`
}
