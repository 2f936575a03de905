/** A TypeScript type as data: what a schema becomes, and what is printed. */
export type TypeNode =
  | { kind: 'keyword'; name: Keyword }
  | { kind: 'literal'; value: string | number | boolean }
  /** A type alias of the same file. */
  | { kind: 'alias'; name: string }
  | { kind: 'array'; item: TypeNode }
  | { kind: 'tuple'; items: readonly TypeNode[]; required: number; rest?: TypeNode }
  | { kind: 'object'; fields: readonly Field[]; index?: TypeNode }
  | { kind: 'union' | 'intersection'; of: readonly TypeNode[] }

export type Keyword = 'string' | 'number' | 'boolean' | 'null' | 'undefined' | 'unknown' | 'never'

/** A property of an object. */
export interface Field {
  name: string
  type: TypeNode
  optional: boolean
  /** Lines of its doc comment. */
  doc: readonly string[]
}

export const keyword = (name: Keyword): TypeNode => ({ kind: 'keyword', name })
export const unknownType = keyword('unknown')
export const neverType = keyword('never')
/** `{ [key: string]: unknown }` */
export const anyObject: TypeNode = { kind: 'object', fields: [], index: unknownType }

export const isKeyword = (node: TypeNode, name: Keyword): boolean =>
  node.kind === 'keyword' && node.name === name

/** Any of them: flat, each once, with nothing that another one includes. */
export function unionOf(nodes: readonly TypeNode[]): TypeNode {
  const flat = nodes.flatMap((node) => (node.kind === 'union' ? node.of : [node]))
  if (flat.some((node) => isKeyword(node, 'unknown'))) return unknownType
  const isIncluded = (node: TypeNode) =>
    isKeyword(node, 'never') ||
    (node.kind === 'literal' &&
      flat.some((other) => other.kind === 'keyword' && other.name === typeof node.value))
  const members = joinBooleans(distinct(flat.filter((node) => !isIncluded(node))))
  const isNull = (node: TypeNode) => isKeyword(node, 'null')
  const left = [...members.filter((node) => !isNull(node)), ...members.filter(isNull)]
  const [first = neverType] = left
  return left.length > 1 ? { kind: 'union', of: left } : first
}

/** All of them at once. Objects without a field in common become one. */
export function intersectionOf(nodes: readonly TypeNode[]): TypeNode {
  const flat = nodes.flatMap((node) => (node.kind === 'intersection' ? node.of : [node]))
  if (flat.some((node) => isKeyword(node, 'never'))) return neverType
  const said = distinct(flat.filter((node) => !isKeyword(node, 'unknown')))
  const others = said.filter((node) => !isAnyObject(node))
  // That it is an object says each of the others by itself.
  const needed = others.length > 0 && others.every(isObjectLike) ? others : said
  const left = needed.reduce<TypeNode[]>(mergeInto, [])
  const [first = unknownType] = left
  return left.length > 1 ? { kind: 'intersection', of: left } : first
}

const isAnyObject = (node: TypeNode): boolean => textOf(node) === textOf(anyObject)
const isObjectLike = (node: TypeNode): boolean =>
  node.kind === 'object' ||
  ((node.kind === 'union' || node.kind === 'intersection') && node.of.every(isObjectLike))

function mergeInto(merged: TypeNode[], node: TypeNode): TypeNode[] {
  const last = merged.at(-1)
  if (last?.kind !== 'object' || node.kind !== 'object' || last.index || node.index) return [...merged, node]
  const names = new Set(last.fields.map(({ name }) => name))
  if (node.fields.some(({ name }) => names.has(name))) return [...merged, node]
  return [...merged.slice(0, -1), { kind: 'object', fields: [...last.fields, ...node.fields] }]
}

function joinBooleans(nodes: readonly TypeNode[]): TypeNode[] {
  const isBoolean = (node: TypeNode) => node.kind === 'literal' && typeof node.value === 'boolean'
  if (nodes.filter(isBoolean).length < 2) return [...nodes]
  const first = nodes.findIndex(isBoolean)
  return nodes.flatMap((node, index) =>
    index === first ? [keyword('boolean')] : isBoolean(node) ? [] : [node],
  )
}

const textOf = (node: TypeNode): string => JSON.stringify(node)

function distinct(nodes: readonly TypeNode[]): TypeNode[] {
  return [...new Map(nodes.map((node) => [textOf(node), node])).values()]
}
