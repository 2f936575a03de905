import { nearest, suggest } from '../../base/suggest.ts'
import type { Reporter } from '../nodes/findings.ts'
import { entryOf, get, itemsOf, type MapEntry, textOf } from '../nodes/nodes.ts'
import { edgesOf, graphLimits } from '../plan/graph-limits.ts'

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
