import type { Json } from '../../base/json.ts'
import type { Reporter } from './findings.ts'

/** A YAML value with its place in the text: what the checks work on. Offsets are UTF-16 code units. */
export type Node = ScalarNode | ListNode | MapNode

export interface ScalarNode {
  kind: 'scalar'
  value: string | number | boolean | null
  start: number
  end: number
  /** Plain scalars end at ` #` and `: `, which is how an unquoted expression gets cut. */
  plain: boolean
}

export interface ListNode {
  kind: 'list'
  items: Node[]
  start: number
  end: number
}

export interface MapEntry {
  key: string
  keyStart: number
  value: Node
}

export interface MapNode {
  kind: 'map'
  entries: MapEntry[]
  /** True when an entry was reported and left out. */
  incomplete?: boolean
  /** Entries whose keys are there already. */
  repeated?: MapEntry[]
  start: number
  end: number
}

export function entryOf(node: Node | undefined, key: string): MapEntry | undefined {
  return node?.kind === 'map' ? node.entries.find((entry) => entry.key === key) : undefined
}

export function get(node: Node | undefined, key: string): Node | undefined {
  return entryOf(node, key)?.value
}

export function textOf(node: Node | undefined): string | undefined {
  return node?.kind === 'scalar' && typeof node.value === 'string' ? node.value : undefined
}

export function entriesOf(node: Node | undefined): MapEntry[] {
  return node?.kind === 'map' ? node.entries : []
}

export function itemsOf(node: Node | undefined): Node[] {
  return node?.kind === 'list' ? node.items : []
}

/** The deepest node on a path that exists, where its key stands (an item: itself), and how many segments it took. */
export function nodeAt(
  root: Node,
  path: readonly PropertyKey[],
): { node: Node; keyStart: number; used: number } {
  let node = root
  let keyStart = root.start
  let used = 0
  for (const segment of path) {
    if (node.kind === 'map') {
      const entry = entryOf(node, String(segment))
      if (!entry) break
      node = entry.value
      keyStart = entry.keyStart
    } else if (node.kind === 'list') {
      const item = node.items[Number(segment)]
      if (!item) break
      node = item
      keyStart = item.start
    } else break
    used += 1
  }
  return { node, keyStart, used }
}

/** The value as JSON; keys that JavaScript would treat specially are refused before. */
export function toJson(node: Node): Json {
  switch (node.kind) {
    case 'scalar':
      return node.value
    case 'list':
      return node.items.map(toJson)
    case 'map':
      return Object.fromEntries(node.entries.map((entry) => [entry.key, toJson(entry.value)]))
  }
}

/** `text "abc"`, `number 5`, `a list`, …: what was found, for a message. */
export function describe(node: Node): string {
  if (node.kind === 'list') return 'a list'
  if (node.kind === 'map') return 'a map'
  if (node.value === null) return 'nothing'
  if (typeof node.value === 'string') {
    const shown = node.value.length > 60 ? `${node.value.slice(0, 60)}…` : node.value
    return `text ${JSON.stringify(shown)}`
  }
  return `${typeof node.value === 'number' ? 'number' : 'boolean'} ${String(node.value)}`
}

/** A node with another entry of a map in place of the one that has its key; the entry is where it was written. */
export interface Variant {
  root: Node
  entry: MapEntry
}

/** Nobody repeats more in earnest. */
const maxVariants = 20

/** For each repeated entry the whole as if the first of its key were not there. */
export function variantsOf(root: Node): Variant[] {
  const found: Variant[] = []
  const visit = (node: Node, rebuild: (node: Node) => Node) => {
    if (found.length >= maxVariants || node.kind === 'scalar') return
    if (node.kind === 'list') {
      node.items.forEach((item, index) => {
        visit(item, (changed) => rebuild({ ...node, items: node.items.with(index, changed) }))
      })
      return
    }
    const { repeated = [], ...rest } = node
    const replace = (entry: MapEntry) =>
      rebuild({ ...rest, entries: node.entries.map((each) => (each.key === entry.key ? entry : each)) })
    for (const entry of repeated) {
      found.push({ root: replace(entry), entry })
      visit(entry.value, (value) => replace({ ...entry, value }))
    }
    for (const entry of node.entries) visit(entry.value, (value) => replace({ ...entry, value }))
  }
  visit(root, (changed) => changed)
  return found.slice(0, maxVariants)
}

/** Maps of one name at the top, such as two `steps`, as the one that they were meant to be. */
export function mergeRepeated(root: Node): Node {
  if (root.kind !== 'map' || !root.repeated) return root
  const entries = [...root.entries]
  const repeated: MapEntry[] = []
  for (const entry of root.repeated) {
    const at = entries.findIndex(({ key }) => key === entry.key)
    const first = entries[at]
    if (first?.value.kind !== 'map' || entry.value.kind !== 'map') repeated.push(entry)
    else entries[at] = { ...first, value: merge(first.value, entry.value) }
  }
  return { ...root, entries, repeated }
}

function merge(first: MapNode, second: MapNode): MapNode {
  const isNew = ({ key }: MapEntry) => entryOf(first, key) === undefined
  const again = second.entries.filter((entry) => !isNew(entry))
  return {
    ...first,
    entries: [...first.entries, ...second.entries.filter(isNew)],
    repeated: [...(first.repeated ?? []), ...again, ...(second.repeated ?? [])],
  }
}

/** The keys that a map has more than once. */
export function repeatedKeys(node: Node | undefined): ReadonlySet<string> {
  return new Set(node?.kind === 'map' ? node.repeated?.map(({ key }) => key) : [])
}

/** A pipeline as somebody wrote it, as nodes with places; without a root when it could not be read: the reporter knows why. */
export interface PipelineSource {
  root?: Node
  /** What the nodes' offsets refer to. */
  text: string
  reporter: Reporter
}
