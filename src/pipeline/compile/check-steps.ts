import { type Duration, durationRange, parseDurationMs } from '../../base/duration.ts'
import { JobwrightError } from '../../base/errors.ts'
import { nearest, suggest } from '../../base/suggest.ts'
import { pipelineNamePattern } from '../../contract/index.ts'
import { isForbiddenMember } from '../../expressions/index.ts'
import type { Reporter } from '../nodes/findings.ts'
import {
  describe,
  entriesOf,
  entryOf,
  get,
  itemsOf,
  type MapEntry,
  type Node,
  textOf,
} from '../nodes/nodes.ts'
import { edgesOf, graphLimits } from '../plan/graph-limits.ts'
import { unsupportedFields } from './definition.ts'

/** Checks of a file's names, needs and durations. Shapes are checked elsewhere: what has a wrong type is passed over. */

const identifier = /^[A-Za-z_][A-Za-z0-9_]{0,62}$/
const keywords: ReadonlySet<string> = new Set(['true', 'false', 'null', 'in'])

/** True for a name that can stand in `steps.NAME` and `inputs.NAME`. */
export function isIdentifier(name: string): boolean {
  return identifier.test(name) && !keywords.has(name) && !isForbiddenMember(name)
}

function checkName(entry: MapEntry, what: string, reporter: Reporter): void {
  if (isIdentifier(entry.key)) return
  const candidate = entry.key.replaceAll(/[^A-Za-z0-9_]/g, '_').slice(0, 63)
  const better = isIdentifier(candidate) ? candidate : `${what}_${candidate}`.slice(0, 63)
  const fix = isIdentifier(better) ? `name it \`${better}\`` : 'choose another name'
  const message = `\`${entry.key}\` cannot name ${what === 'input' ? 'an' : 'a'} ${what}: letters, digits and \`_\` only, at most 63, not beginning with a digit`
  reporter.add({ code: 'bad_name', offset: entry.keyStart, message, fix })
}

export function isPipelineName(name: string): boolean {
  return pipelineNamePattern.test(name)
}

/** What is thrown of a text is a finding at its place. */
export function isRead(read: () => unknown, { start }: Node, reporter: Reporter): boolean {
  try {
    read()
    return true
  } catch (error) {
    if (!(error instanceof JobwrightError)) throw error
    const { code, message, fix = '' } = error
    reporter.add({ code, offset: start, message, fix })
    return false
  }
}

export function checkNames(root: Node, reporter: Reporter): void {
  const name = get(root, 'name')
  const text = textOf(name)
  if (name && text !== undefined && text.length > 0 && text.length <= 100 && !isPipelineName(text)) {
    reporter.add({
      code: 'bad_name',
      offset: name.start,
      message: `\`${text}\` cannot name a pipeline: letters, digits, \`-\`, \`_\` and \`.\` only, beginning with a letter or digit`,
      fix: 'put the long form into `description`',
    })
  }
  const steps = entryOf(root, 'steps')
  const entries = entriesOf(steps?.value)
  if (steps && steps.value.kind === 'map' && !steps.value.incomplete && entries.length === 0) {
    reporter.add({ code: 'no_steps', offset: steps.keyStart, message: '`steps` is empty', fix: 'add a step' })
  }
  if (entries.length > graphLimits.steps) {
    reporter.add({
      code: 'too_many_steps',
      offset: entries[graphLimits.steps]?.keyStart ?? 0,
      message: `${entries.length} steps; at most ${graphLimits.steps} are allowed`,
      fix: 'use `for_each`, or move parts into pipelines that steps run',
    })
  }
  for (const entry of entries) checkName(entry, 'step', reporter)
  for (const entry of entriesOf(get(root, 'inputs'))) checkName(entry, 'input', reporter)
  for (const entry of entriesOf(get(root, 'outputs'))) checkName(entry, 'output', reporter)
}

const targets = ['job_type', 'job_id', 'pipeline']

/** Whether a field that was refused was meant to say what the step runs: then it is not missing, too. */
function isMeantAsTarget({ key }: MapEntry): boolean {
  return unsupportedFields.has(key) || nearest(key, [...targets, ...unsupportedFields]) !== undefined
}

/** A step runs one thing. */
export function checkTarget(step: MapEntry, reporter: Reporter): void {
  if (step.value.kind !== 'map') return
  const found = targets.flatMap((target) => entryOf(step.value, target) ?? [])
  if (found.length === 0 && !step.value.incomplete && !step.value.entries.some(isMeantAsTarget)) {
    reporter.add({
      code: 'no_target',
      offset: step.keyStart,
      message: `step \`${step.key}\` says nothing to run`,
      fix: 'give it a `job_type`, a `job_id` or a `pipeline`',
    })
  }
  const [, second] = found
  if (second) {
    const names = found.map((entry) => `\`${entry.key}\``).join(' and ')
    reporter.add({
      code: 'several_targets',
      offset: second.keyStart,
      message: `step \`${step.key}\` has ${names}`,
      fix: 'keep exactly one of them',
    })
  }
  const pipeline = entryOf(step.value, 'pipeline')
  const misplaced = entryOf(step.value, pipeline ? 'config' : 'inputs')
  if (misplaced) {
    reporter.add({
      code: 'misplaced_field',
      offset: misplaced.keyStart,
      message: pipeline
        ? `step \`${step.key}\` runs a pipeline, which has no \`config\``
        : `step \`${step.key}\` runs no pipeline, and so has no \`inputs\``,
      fix: pipeline ? 'give it `inputs`' : 'give it a `config`',
    })
  }
  if (entryOf(step.value, 'max_parallel') && !entryOf(step.value, 'for_each')) {
    const offset = entryOf(step.value, 'max_parallel')?.keyStart ?? step.keyStart
    reporter.add({
      code: 'unused_max_parallel',
      severity: 'warning',
      offset,
      message: '`max_parallel` means nothing without `for_each`',
      fix: 'remove it, or add `for_each`',
    })
  }
}

/** What each step needs, as far as it exists; and the problems of those lists. */
export function checkNeeds(steps: readonly MapEntry[], reporter: Reporter): Map<string, string[]> {
  const ids = new Set(steps.map((step) => step.key))
  const graph = new Map<string, string[]>()
  const meant: [step: string, need: string][] = []
  for (const step of steps) {
    const needs = new Set<string>()
    for (const item of itemsOf(get(step.value, 'needs'))) {
      const need = textOf(item)
      if (need === undefined || reporter.isFull()) continue
      if (need === step.key)
        reporter.add({
          code: 'needs_itself',
          offset: item.start,
          message: `step \`${need}\` needs itself`,
          fix: 'remove it from its own `needs`',
        })
      else if (!ids.has(need)) {
        const others = [...ids].filter((id) => id !== step.key)
        const near = nearest(need, others)
        if (near !== undefined) meant.push([step.key, near])
        reporter.add({
          code: 'unknown_need',
          offset: item.start,
          message: `step \`${step.key}\` needs \`${need}\`, which does not exist`,
          fix: suggest(need, others),
        })
      } else if (needs.has(need)) {
        reporter.add({
          code: 'duplicate_need',
          severity: 'warning',
          offset: item.start,
          message: `\`${need}\` is named twice`,
          fix: 'remove one of them',
        })
      } else needs.add(need)
    }
    graph.set(step.key, [...needs])
  }
  checkEdges(steps, graph, reporter)
  reportCycles(steps, graph, reporter)
  // What the step reads of the one that was meant is no second mistake.
  for (const [step, need] of meant) graph.get(step)?.push(need)
  return graph
}

function checkEdges(
  steps: readonly MapEntry[],
  graph: ReadonlyMap<string, string[]>,
  reporter: Reporter,
): void {
  const fix = 'let a step in between need all of them, and others that one'
  for (const step of steps) {
    const needs = graph.get(step.key)?.length ?? 0
    if (needs > graphLimits.needs)
      reporter.add({
        code: 'too_many_needs',
        offset: entryOf(step.value, 'needs')?.keyStart ?? step.keyStart,
        message: `step \`${step.key}\` needs ${needs} steps; at most ${graphLimits.needs} are allowed`,
        fix,
      })
  }
  const edges = edgesOf([...graph.values()].map((needs) => ({ needs })))
  if (edges > graphLimits.edges)
    reporter.add({
      code: 'too_many_edges',
      offset: steps[0]?.keyStart ?? 0,
      message: `the steps have ${edges} needs together; at most ${graphLimits.edges} are allowed`,
      fix,
    })
}

function reportCycles(
  steps: readonly MapEntry[],
  graph: ReadonlyMap<string, string[]>,
  reporter: Reporter,
): void {
  const byId = new Map(steps.map((step) => [step.key, step]))
  const report = (cycle: string[]) => {
    const step = byId.get(cycle.at(-2) ?? '')
    const item = itemsOf(get(step?.value, 'needs')).find((each) => textOf(each) === cycle.at(-1))
    const message = `these steps need each other: ${shortened(cycle).join(' → ')}`
    reporter.add({
      code: 'cycle',
      offset: item?.start ?? step?.keyStart ?? 0,
      message,
      fix: 'remove one of these needs',
    })
  }
  const path = new Map<string, number>()
  walk(graph, {
    enter: (id) => void path.set(id, path.size),
    again(need) {
      const from = path.get(need)
      if (from !== undefined && !reporter.isFull()) report([...[...path.keys()].slice(from), need])
    },
    leave: (id) => void path.delete(id),
  })
}

/** More than these of a cycle nobody reads. */
const namedInCycle = 20

function shortened(cycle: readonly string[]): readonly string[] {
  const left = cycle.length - namedInCycle
  if (left <= 1) return cycle
  const half = namedInCycle / 2
  return [...cycle.slice(0, half), `… (${left} more) …`, ...cycle.slice(-half)]
}

/** Ids so that every step comes after what it needs; otherwise the order of the file. Without cycles only. */
export function topologicalOrder(graph: ReadonlyMap<string, string[]>): string[] {
  const order: string[] = []
  walk(graph, { leave: (id) => void order.push(id) })
  return order
}

/** Walks to what steps need, depth first, each step once. A loop and no recursion: a chain may have thousands of steps. */
function walk(
  graph: ReadonlyMap<string, string[]>,
  tell: {
    enter?: (id: string) => void
    /** A need of the step that was entered last, which was entered before. */
    again?: (need: string) => void
    leave: (id: string) => void
  },
): void {
  const entered = new Set<string>()
  const open: { id: string; needs: Iterator<string> }[] = []
  const enter = (id: string) => {
    entered.add(id)
    tell.enter?.(id)
    open.push({ id, needs: (graph.get(id) ?? []).values() })
  }
  for (const root of graph.keys()) {
    if (!entered.has(root)) enter(root)
    for (let last = open.at(-1); last; last = open.at(-1)) {
      const next = last.needs.next()
      if (next.done) {
        open.pop()
        tell.leave(last.id)
      } else if (entered.has(next.value)) tell.again?.(next.value)
      else enter(next.value)
    }
  }
}

/** A duration in milliseconds; problems are reported and give undefined. */
export function durationOf(
  owner: Node | undefined,
  field: string,
  reporter: Reporter,
  least: { ms: number; text: Duration } = { ms: durationRange.minMs, text: '1ms' },
): number | undefined {
  const node = get(owner, field)
  if (!node) return undefined
  const text = textOf(node)
  const isNegative =
    (text !== undefined && /^-\s*\d/.test(text)) ||
    (node.kind === 'scalar' && typeof node.value === 'number' && node.value < 0)
  const ms = text === undefined ? undefined : parseDurationMs(text)
  if (isNegative || (ms !== undefined && (ms < least.ms || ms > durationRange.maxMs))) {
    reporter.add({
      code: 'duration_out_of_range',
      offset: node.start,
      message: `\`${field}\` is out of range: found ${describe(node)}`,
      fix: `allowed: ${least.text} to 365d`,
    })
    return undefined
  }
  if (ms !== undefined) return ms
  const example =
    node.kind === 'scalar' && typeof node.value === 'number'
      ? `write a unit, such as ${node.value}s`
      : 'write a number and a unit: 500ms, 5s, 30m, 2h or 7d'
  reporter.add({
    code: 'bad_duration',
    offset: node.start,
    message: `\`${field}\` must be a duration, found ${describe(node)}`,
    fix: example,
  })
  return undefined
}
