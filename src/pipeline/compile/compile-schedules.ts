import {
  catchUpKeeps,
  dstFolds,
  dstGaps,
  overlaps,
  type ScheduleRequest,
  type ScheduleSpec,
} from '../../schedule/plan/index.ts'
import { parseCron, readInstant, zoneOf } from '../../schedule/times/index.ts'
import type { Reporter } from '../nodes/findings.ts'
import { describe, entriesOf, entryOf, get, type Node, textOf } from '../nodes/nodes.ts'
import type { PlanInput } from '../plan/types.ts'
import { durationOf, isPipelineName, isRead } from './check-steps.ts'
import { scheduleInputs } from './schedule-inputs.ts'
import { warnOfTimes } from './schedule-warnings.ts'

/** What schedules are checked against. */
export interface ScheduleSite {
  root: Node
  reporter: Reporter
  inputs: readonly PlanInput[]
  /** Given: schedules are held against this time. */
  nowMs?: number | undefined
}

/** Nobody writes more of them into a file. */
const maxSchedules = 100

/** `schedule` of a file: one map, or a list of them. Shapes are checked elsewhere: what has a wrong type is passed over. */
export function compileSchedules(site: ScheduleSite): ScheduleRequest[] {
  const { root, reporter } = site
  const field = entryOf(root, 'schedule')
  const nodes = field?.value.kind === 'list' ? field.value.items : field ? [field.value] : []
  if (nodes.length > maxSchedules)
    reporter.add({
      code: 'too_many_schedules',
      offset: field?.keyStart ?? 0,
      message: `${nodes.length} schedules; at most ${maxSchedules} are allowed`,
      fix: 'put some of them into another pipeline',
    })
  const maps = nodes.slice(0, maxSchedules).filter((node) => node.kind === 'map')
  checkNames(site, maps)
  return maps.flatMap((node) => compileSchedule(site, node) ?? [])
}

function nameOf({ root }: ScheduleSite, node: Node): string {
  return textOf(get(node, 'name')) ?? textOf(get(root, 'name')) ?? ''
}

function checkNames(site: ScheduleSite, nodes: readonly Node[]): void {
  const { reporter } = site
  const seen = new Set<string>()
  for (const node of nodes) {
    const own = get(node, 'name')
    const name = nameOf(site, node)
    const offset = own?.start ?? node.start
    if (own && textOf(own) && !isPipelineName(name))
      reporter.add({
        code: 'bad_name',
        offset,
        message: `\`${name}\` cannot name a schedule: letters, digits, \`-\`, \`_\` and \`.\` only, beginning with a letter or digit`,
        fix: 'choose another name',
      })
    if (seen.has(name))
      reporter.add({
        code: 'duplicate_schedule',
        offset,
        message: own
          ? `there is a schedule \`${name}\` already`
          : `a second schedule without a name would be \`${name}\`, too`,
        fix: own ? 'give each another name' : 'give it a `name`',
      })
    seen.add(name)
  }
}

function compileSchedule(site: ScheduleSite, node: Node): ScheduleRequest | undefined {
  const { reporter, inputs } = site
  const spec = compileSpec(site, node)
  const catchUp = get(node, 'catch_up')
  const paused = get(node, 'paused')
  const given = scheduleInputs({ node, inputs, declared: declaredIn(site.root), reporter })
  const windowMs = durationOf(catchUp, 'window', reporter) ?? 3_600_000
  if (!spec) return undefined
  warnOfTimes({ node, spec, reporter, nowMs: site.nowMs })
  return {
    name: nameOf(site, node),
    spec,
    overlap: oneOf(overlaps, get(node, 'overlap'), 'skip'),
    catchUp: { windowMs, keep: oneOf(catchUpKeeps, get(catchUp, 'keep'), 'last') },
    inputs: given,
    ...(paused?.kind === 'scalar' && typeof paused.value === 'boolean' ? { paused: paused.value } : {}),
  }
}

/** Also those whose declaration is refused: to name them is no other mistake. */
const declaredIn = (root: Node) => new Set(entriesOf(get(root, 'inputs')).map(({ key }) => key))

function oneOf<T extends string>(known: readonly T[], node: Node | undefined, fallback: T): T {
  return known.find((each) => each === textOf(node)) ?? fallback
}

/** Undefined where it is not known when it would be due: that was reported. */
function compileSpec({ reporter, nowMs }: ScheduleSite, node: Node): ScheduleSpec | undefined {
  const when = compileWhen(node, reporter)
  const timezone = compileTimezone(node, reporter)
  const jitterMs = durationOf(node, 'jitter', reporter) ?? 0
  const untilMs = timezone === undefined ? null : compileUntil({ node, timezone, nowMs, reporter })
  const dst = get(node, 'dst')
  if (!when || timezone === undefined) return undefined
  return {
    ...when,
    timezone,
    dst: { gap: oneOf(dstGaps, get(dst, 'gap'), 'next'), fold: oneOf(dstFolds, get(dst, 'fold'), 'first') },
    jitterMs,
    untilMs,
  }
}

function compileWhen(node: Node, reporter: Reporter): Pick<ScheduleSpec, 'cron' | 'everyMs'> | undefined {
  const [cron, every] = [entryOf(node, 'cron'), entryOf(node, 'every')]
  const report = (offset: number, message: string, fix: string) =>
    reporter.add({ code: 'schedule_when', offset, message, fix })
  if (cron && every) {
    report(every.keyStart, 'a schedule has `cron` or `every`, and not both', 'remove one of them')
    return undefined
  }
  if (!cron && !every) {
    if (node.kind === 'map' && !node.incomplete)
      report(
        node.start,
        'a schedule needs `cron` or `every`',
        "add one, such as cron: '30 2 * * *' or every: 15m",
      )
    return undefined
  }
  if (cron) {
    const text = textOf(cron.value)
    if (text === undefined) return undefined
    return isRead(() => parseCron(text), cron.value, reporter) ? { cron: text.trim() } : undefined
  }
  const everyMs = durationOf(node, 'every', reporter, { ms: 1000, text: '1s' })
  if (everyMs !== undefined && everyMs % 1000 !== 0) {
    report(
      get(node, 'every')?.start ?? node.start,
      '`every` has no parts of seconds',
      'write whole seconds, such as 2s',
    )
    return undefined
  }
  return everyMs === undefined ? undefined : { everyMs }
}

function compileTimezone(node: Node, reporter: Reporter): string | undefined {
  const zone = get(node, 'timezone')
  if (!zone) return 'UTC'
  const name = textOf(zone)
  if (name === undefined || name === '') return undefined
  return isRead(() => zoneOf(name), zone, reporter) ? name : undefined
}

function compileUntil(site: {
  node: Node
  timezone: string
  nowMs: number | undefined
  reporter: Reporter
}): number | null {
  const { timezone, nowMs, reporter } = site
  const node = get(site.node, 'until')
  const text = textOf(node)
  if (!node || text === undefined) return null
  const untilMs = readInstant(text, timezone)
  if (untilMs === undefined) {
    reporter.add({
      code: 'bad_until',
      offset: node.start,
      message: `\`until\` must be a date or a time, found ${describe(node)}`,
      fix: 'write 2026-12-31, 2026-12-31T18:00 (in its zone) or 2026-12-31T18:00:00Z',
    })
    return null
  }
  if (nowMs !== undefined && untilMs < nowMs)
    reporter.add({
      code: 'until_past',
      offset: node.start,
      message: `\`until\` is over: it was ${new Date(untilMs).toISOString()}`,
      fix: 'give a later time, or remove the schedule',
    })
  return untilMs
}
