import {
  type Alias,
  type Document,
  isAlias,
  isMap,
  isScalar,
  isSeq,
  type YAMLMap,
  type Node as YamlNode,
} from 'yaml'
import { isForbiddenMember } from '../../expressions/index.ts'
import type { Reporter } from '../nodes/findings.ts'
import { describe, type MapEntry, type MapNode, type Node } from '../nodes/nodes.ts'
import { quoteFix, unquotedExpression } from '../nodes/unquoted.ts'
import { graphLimits } from '../plan/graph-limits.ts'

/** Values that a file may hold; aliases count as often as they are used. */
const limits = { nodes: graphLimits.values, depth: 32, aliases: 1_000 } as const

interface Conversion {
  document: Document.Parsed
  text: string
  reporter: Reporter
  nodes: number
  aliases: number
  /** A limit was reached: nothing more is read. */
  stopped: boolean
  /** The nodes around the present one. */
  open: Set<YamlNode>
}

/** Turns a parsed document into nodes with places, within limits. Problems go to the reporter. */
export function convertDocument(
  document: Document.Parsed,
  contents: YamlNode,
  text: string,
  reporter: Reporter,
): Node | undefined {
  const conversion: Conversion = {
    document,
    text,
    reporter,
    nodes: 0,
    aliases: 0,
    stopped: false,
    open: new Set(),
  }
  const root = convert(conversion, contents, 0)
  return conversion.stopped ? undefined : root
}

function stop(conversion: Conversion, code: string, offset: number, message: string, fix: string): undefined {
  if (!conversion.stopped) conversion.reporter.add({ code, offset, message, fix })
  conversion.stopped = true
  return undefined
}

function nothing(offset: number): Node {
  return { kind: 'scalar', value: null, start: offset, end: offset, plain: true }
}

function convert(conversion: Conversion, node: YamlNode | null, depth: number): Node | undefined {
  if (conversion.stopped || node === null) return undefined
  const [start, end] = node.range ?? [0, 0]
  conversion.nodes += 1
  if (conversion.nodes > limits.nodes) {
    const message = `more than ${limits.nodes} values, aliases counted as often as they are used`
    return stop(
      conversion,
      'too_many_values',
      start,
      message,
      'split the file; pass large data as an input or a document',
    )
  }
  if (depth > limits.depth) {
    return stop(
      conversion,
      'too_deep',
      start,
      `nested deeper than ${limits.depth} levels`,
      'flatten the value, or pass it as an input',
    )
  }
  if (isAlias(node)) return convertAlias(conversion, node, depth)
  if (isScalar(node)) return convertScalar(conversion, node)
  conversion.open.add(node)
  const result = convertCollection(conversion, node, start, end, depth)
  conversion.open.delete(node)
  return result
}

function convertCollection(
  conversion: Conversion,
  node: YamlNode,
  start: number,
  end: number,
  depth: number,
): Node | undefined {
  if (isMap(node)) {
    return { kind: 'map', ...convertEntries(conversion, node, start, depth), start, end }
  }
  if (!isSeq(node)) return undefined
  const items = node.items.map(
    (item) => convert(conversion, item as YamlNode | null, depth + 1) ?? nothing(start),
  )
  return { kind: 'list', items, start, end }
}

function convertAlias(conversion: Conversion, node: Alias, depth: number): Node | undefined {
  const offset = node.range?.[0] ?? 0
  conversion.aliases += 1
  if (conversion.aliases > limits.aliases) {
    return stop(
      conversion,
      'too_many_aliases',
      offset,
      `more than ${limits.aliases} uses of aliases`,
      'write the values out',
    )
  }
  const target = node.resolve(conversion.document) as YamlNode | undefined
  if (!target) {
    const message = `there is no anchor \`&${node.source}\` before this alias`
    return stop(
      conversion,
      'unknown_alias',
      offset,
      message,
      'define the anchor above, or quote a text that begins with `*`',
    )
  }
  if (conversion.open.has(target)) {
    return stop(
      conversion,
      'alias_cycle',
      offset,
      `the alias \`*${node.source}\` contains itself`,
      'write the value out',
    )
  }
  return convert(conversion, target, depth)
}

function convertScalar(
  conversion: Conversion,
  node: YamlNode & { value: unknown; type?: string | undefined },
): Node {
  const [start, end] = node.range ?? [0, 0]
  const { value } = node
  const plain = node.type === 'PLAIN'
  if (typeof value === 'string' && !value.isWellFormed()) {
    const message = 'this text holds half of a surrogate pair, which is not a character'
    conversion.reporter.add({ code: 'bad_text', offset: start, message, fix: 'write the whole character' })
  }
  if (value === null || typeof value === 'string' || typeof value === 'boolean') {
    return { kind: 'scalar', value, start, end, plain }
  }
  const number = typeof value === 'bigint' || typeof value === 'number' ? Number(value) : Number.NaN
  // 1e-400 is 0 to JavaScript.
  const vanishes = number === 0 && /^[-+]?[0.]*[1-9]/.test(conversion.text.slice(start, end))
  const exact =
    typeof value === 'bigint' ? Number.isSafeInteger(number) : Number.isFinite(number) && !vanishes
  if (!exact) {
    const shown = conversion.text.slice(start, Math.min(end, start + 40))
    const message = `${shown} is not a number that JSON carries exactly`
    conversion.reporter.add({ code: 'bad_number', offset: start, message, fix: 'quote it to make it text' })
  }
  return { kind: 'scalar', value: exact ? number : 0, start, end, plain }
}

function convertEntries(
  conversion: Conversion,
  node: YAMLMap,
  start: number,
  depth: number,
): Pick<MapNode, 'entries' | 'incomplete' | 'repeated'> {
  const firstOf = new Map<string, number>()
  const entries: MapEntry[] = []
  const repeated: MapEntry[] = []
  const merged: MapEntry[] = []
  let incomplete = false
  for (const pair of node.items) {
    if (conversion.stopped) break
    const named = readKey(conversion, pair.key as YamlNode | null, start, firstOf)
    if (!named) incomplete = true
    if (!named) continue
    const isAgain = firstOf.has(named.key)
    if (!isAgain) firstOf.set(named.key, named.keyStart)
    const value = convert(conversion, pair.value as YamlNode | null, depth + 1) ?? nothing(named.keyStart)
    if (isMerge(pair.key)) merged.push(...entriesToMerge(conversion, value))
    else if (isAgain) repeated.push({ ...named, value })
    else entries.push({ ...named, value })
  }
  // What the map has itself counts, then what is merged first.
  const keys = new Set(entries.map(({ key }) => key))
  for (const entry of merged) {
    if (!keys.has(entry.key)) entries.push(entry)
    keys.add(entry.key)
  }
  return { entries, incomplete, ...(repeated.length > 0 ? { repeated } : {}) }
}

/** Not of YAML 1.2, but known from most files of this sort: the fields of another map, or of several. */
const isMerge = (key: unknown): boolean => isScalar(key) && key.value === '<<' && key.type === 'PLAIN'

function entriesToMerge({ reporter }: Conversion, value: Node): MapEntry[] {
  const maps = value.kind === 'list' ? value.items : [value]
  return maps.flatMap((map) => {
    if (map.kind === 'map') return map.entries
    const message = `\`<<\` merges a map or a list of maps, found ${describe(map)}`
    reporter.add({
      code: 'merge_key',
      offset: map.start,
      message,
      fix: 'write an alias of a map: `<<: *name`',
    })
    return []
  })
}

/** A usable key and its place; any other is reported. */
function readKey(
  conversion: Conversion,
  node: YamlNode | null,
  mapStart: number,
  firstOf: ReadonlyMap<string, number>,
): { key: string; keyStart: number } | undefined {
  const { reporter } = conversion
  const offset = node?.range?.[0] ?? mapStart
  const report = (code: string, message: string, fix: string, at = offset) =>
    void reporter.add({ code, offset: at, message, fix })
  if (!isScalar(node)) {
    const expression = unquotedExpression(conversion.text, offset)
    if (expression === undefined) report('bad_key', 'a key must be text', 'write a plain key')
    else report('unquoted_expression', 'YAML reads this expression as a map', quoteFix, expression)
    return undefined
  }
  const key = node.value === null ? (node.source ?? '') : String(node.value)
  const first = firstOf.get(key)
  if (first !== undefined) {
    const places = `first in line ${reporter.lineAt(first)}, again in line ${reporter.lineAt(offset)}`
    report('duplicate_key', `the key \`${key}\` is there twice: ${places}`, 'rename or remove one of them')
    return { key, keyStart: offset }
  }
  if (isForbiddenMember(key)) {
    report('forbidden_key', `the key \`${key}\` is not allowed`, 'choose another name')
    return undefined
  }
  return { key, keyStart: offset }
}
