import type { Json } from '../base/json.ts'

/** What a JSON value can be; numbers are two kinds, as in CEL. */
export type ValueKind = 'null' | 'boolean' | 'integer' | 'fraction' | 'string' | 'list' | 'map'

/**
 * What is known of a value before it is there: everything that it can be, and more rather than less. So whatever
 * contradicts a shape is certain to be wrong, and whatever fits one may still be.
 */
export interface ValueShape {
  kinds: ReadonlySet<ValueKind>
  /** Everything that it can be when it is neither list nor map. */
  values?: readonly Scalar[]
  /** Of a map: what is known of its fields. */
  fields?: ReadonlyMap<string, ValueShape>
  /** A map has no other fields than `fields`. */
  closed?: boolean
  /** Fields that a map has for certain. */
  required?: ReadonlySet<string>
  /** Of a list: what each of its items is. */
  items?: ValueShape
  /** The one value that it can be. */
  constant?: Json
}

type Scalar = null | boolean | number | string

const allKinds: readonly ValueKind[] = ['null', 'boolean', 'integer', 'fraction', 'string', 'list', 'map']

export function shapeOfKinds(...kinds: readonly ValueKind[]): ValueShape {
  return { kinds: new Set(kinds) }
}

export const anyShape: ValueShape = shapeOfKinds(...allKinds)
export const numberShape: ValueShape = shapeOfKinds('integer', 'fraction')
export const noShape: ValueShape = shapeOfKinds()

/** What a value is. A whole number beyond those that are exact is a double in CEL, and still whole in JSON. */
function kindsOf(value: Json): readonly ValueKind[] {
  if (value === null) return ['null']
  if (Array.isArray(value)) return ['list']
  switch (typeof value) {
    case 'boolean':
      return ['boolean']
    case 'string':
      return ['string']
    case 'number':
      if (Number.isSafeInteger(value)) return ['integer']
      return Number.isInteger(value) ? ['integer', 'fraction'] : ['fraction']
    default:
      return ['map']
  }
}

const isOfAny = (value: Json, kinds: ReadonlySet<ValueKind>): boolean =>
  kindsOf(value).some((kind) => kinds.has(kind))

/** The shape of a value that is there. */
export function shapeOf(value: Json): ValueShape {
  const kinds = new Set(kindsOf(value))
  if (Array.isArray(value)) return { kinds, items: unionOf(value.map(shapeOf)), constant: value }
  if (value === null || typeof value !== 'object') return { kinds, values: [value], constant: value }
  const fields = new Map(Object.entries(value).map(([key, field]) => [key, shapeOf(field)]))
  return { kinds, fields, closed: true, required: new Set(fields.keys()), constant: value }
}

/** More values than these are not kept apart. */
const maxValues = 100

/** Any of these values. */
export function shapeOfValues(values: readonly Json[]): ValueShape {
  return values.length > maxValues ? anyShape : unionOf(values.map(shapeOf))
}

function unionOf(shapes: readonly ValueShape[]): ValueShape {
  return shapes.reduce(union, noShape)
}

const scalarKinds: readonly ValueKind[] = ['null', 'boolean', 'integer', 'fraction', 'string']
const hasScalars = ({ kinds }: ValueShape): boolean => scalarKinds.some((kind) => kinds.has(kind))
/** The scalars that it can be; undefined when they cannot be listed. */
const scalarsOf = (shape: ValueShape): readonly Scalar[] | undefined =>
  shape.values ?? (hasScalars(shape) ? undefined : [])

/** What is one of the two. */
export function union(a: ValueShape, b: ValueShape): ValueShape {
  if (a === b || b.kinds.size === 0) return a
  if (a.kinds.size === 0) return b
  const kinds = new Set([...a.kinds, ...b.kinds])
  const [ofA, ofB] = [scalarsOf(a), scalarsOf(b)]
  const values = ofA && ofB && [...new Set([...ofA, ...ofB])]
  // What is said of the items of something that is no list, says nothing.
  const lists = [a, b].filter((shape) => shape.kinds.has('list'))
  const items = lists.every((shape) => shape.items)
    ? lists.flatMap((shape) => shape.items ?? []).reduce(union, noShape)
    : undefined
  return {
    kinds,
    ...(values && values.length <= maxValues ? { values } : {}),
    ...unionOfMaps(a, b),
    ...(lists.length > 0 && items ? { items } : {}),
  }
}

type MapPart = Pick<ValueShape, 'fields' | 'closed' | 'required'>

function mapPart({ fields, closed, required }: ValueShape): MapPart {
  return {
    ...(fields ? { fields } : {}),
    ...(closed ? { closed } : {}),
    ...(required ? { required } : {}),
  }
}

function unionOfMaps(a: ValueShape, b: ValueShape): MapPart {
  if (!b.kinds.has('map')) return mapPart(a)
  if (!a.kinds.has('map')) return mapPart(b)
  const fields = new Map<string, ValueShape>()
  for (const key of new Set([...(a.fields?.keys() ?? []), ...(b.fields?.keys() ?? [])])) {
    const [inA, inB] = [fieldOf(a, key), fieldOf(b, key)]
    const either = inA && inB ? union(inA, inB) : (inA ?? inB)
    if (either) fields.set(key, either)
  }
  const required = new Set([...(a.required ?? [])].filter((key) => b.required?.has(key)))
  return { fields, closed: a.closed === true && b.closed === true, required }
}

/** What is both. */
export function intersection(a: ValueShape, b: ValueShape): ValueShape {
  const kinds = new Set([...a.kinds].filter((kind) => b.kinds.has(kind)))
  const values =
    a.values && b.values ? a.values.filter((value) => b.values?.includes(value)) : (a.values ?? b.values)
  const items = a.items && b.items ? intersection(a.items, b.items) : (a.items ?? b.items)
  const fields = new Map<string, ValueShape>()
  for (const key of new Set([...(a.fields?.keys() ?? []), ...(b.fields?.keys() ?? [])])) {
    const [inA, inB] = [fieldOf(a, key), fieldOf(b, key)]
    if (inA && inB) fields.set(key, intersection(inA, inB))
  }
  return {
    kinds,
    ...(values ? { values: values.filter((value) => isOfAny(value, kinds)) } : {}),
    fields,
    closed: a.closed === true || b.closed === true,
    required: new Set([...(a.required ?? []), ...(b.required ?? [])]),
    ...(items ? { items } : {}),
  }
}

/** What a field of a map is; undefined when it cannot be there. */
export function fieldOf(shape: ValueShape, key: string): ValueShape | undefined {
  return shape.fields?.get(key) ?? (shape.closed ? undefined : anyShape)
}

/** Why no value can be of both shapes: where in them, and what each of them has there; undefined where there can be no such field. */
export interface Clash {
  path: readonly string[]
  found: ValueShape | undefined
  wanted: ValueShape | undefined
}

/** Whether no value can be of both shapes. */
export function areDisjoint(a: ValueShape, b: ValueShape): boolean {
  return clashOf(a, b) !== undefined
}

/** Why a value of one shape can never be of the wanted one; undefined when it may be. */
export function clashOf(
  found: ValueShape,
  wanted: ValueShape,
  path: readonly string[] = [],
): Clash | undefined {
  const common = new Set([...found.kinds].filter((kind) => wanted.kinds.has(kind)))
  // Two lists may both be empty.
  if (common.has('list')) return undefined
  const possible = found.values ?? wanted.values
  const isScalarLeft = possible
    ? possible.some((value) => isOfAny(value, common) && (wanted.values ?? possible).includes(value))
    : scalarKinds.some((kind) => common.has(kind))
  if (isScalarLeft) return undefined
  return common.has('map') ? clashOfMaps(found, wanted, path) : { path, found, wanted }
}

function clashOfMaps(found: ValueShape, wanted: ValueShape, path: readonly string[]): Clash | undefined {
  for (const key of new Set([...(found.required ?? []), ...(wanted.required ?? [])])) {
    const [inFound, inWanted] = [fieldOf(found, key), fieldOf(wanted, key)]
    const within = [...path, key]
    const clash =
      inFound && inWanted
        ? clashOf(inFound, inWanted, within)
        : { path: within, found: inFound, wanted: inWanted }
    if (clash) return clash
  }
  return undefined
}

const words: Record<ValueKind, string> = {
  null: 'null',
  boolean: 'true or false',
  integer: 'a whole number',
  fraction: 'a number',
  string: 'text',
  list: 'a list',
  map: 'a map',
}

const shownValues = 5
const shownLength = 60

/** `a whole number`, `text or null`, `"low" or "high"`: for a message. */
export function describeShape({ kinds, values }: ValueShape): string {
  const containers = (['list', 'map'] as const).some((kind) => kinds.has(kind))
  if (values && values.length > 0 && values.length <= shownValues && !containers) {
    const shown = values.map((value) => JSON.stringify(value)).join(' or ')
    if (shown.length <= shownLength) return shown
  }
  const named = allKinds.filter((kind) => kinds.has(kind) && !(kind === 'integer' && kinds.has('fraction')))
  const ordered = [...named.filter((kind) => kind !== 'null'), ...named.filter((kind) => kind === 'null')]
  return ordered.length === 0 ? 'nothing' : ordered.map((kind) => words[kind]).join(' or ')
}
