import type { Json } from '../base/json.ts'
import { suggest } from '../base/suggest.ts'
import { type ASTNode, asComprehension } from './ast.ts'
import { inferCall, inferMacro, inferMethod } from './infer-calls.ts'
import { compare, type Inference, kindsOfNumbers, need, report, sourceOf, within } from './inference.ts'
import {
  anyShape,
  fieldOf,
  noShape,
  numberShape,
  shapeOf,
  shapeOfKinds,
  union,
  type ValueKind,
  type ValueShape,
} from './value-shape.ts'

/**
 * What an expression can be, by what is known of the values that it reads; and what in it cannot be right. Whatever is
 * not known is passed over in silence.
 */
export function infer(inference: Inference, node: ASTNode): ValueShape {
  switch (node.op) {
    case 'value':
      return literalShape(node.args)
    case 'id':
      return inference.names.get(node.args) ?? anyShape
    case '.':
      return inferMember(inference, node, node.args[0], node.args[1])
    case '[]':
      return inferIndex(inference, node, node.args[0], node.args[1])
    case 'call':
      return inferCall(inference, node, infer)
    case 'rcall': {
      const macro = asComprehension(node)
      return macro ? inferMacro(inference, node, macro, infer) : inferMethod(inference, node, infer)
    }
    case 'list':
      return inferList(node.args.map((item) => infer(inference, item)))
    case 'map':
      return inferMap(inference, node.args)
    case '?:': {
      const [condition, yes, no] = node.args
      need(inference, condition, infer(inference, condition), ['boolean'], 'a condition')
      const branches = within(inference, { conditional: true })
      return union(infer(branches, yes), infer(branches, no))
    }
    case '!_':
      need(inference, node.args, infer(inference, node.args), ['boolean'], '`!`')
      return shapeOfKinds('boolean')
    case '-_':
      return inferNegative(inference, node.args)
    default:
      return inferBinary(inference, node)
  }
}

/** Of a literal in CEL: a number with a point is a double, even a whole one. */
function literalShape(value: unknown): ValueShape {
  if (typeof value === 'bigint') return shapeOf(Number(value))
  if (typeof value === 'number') return { ...numberShape, values: [value], constant: value }
  return value === null || typeof value === 'string' || typeof value === 'boolean' ? shapeOf(value) : anyShape
}

function inferNegative(inference: Inference, operand: ASTNode): ValueShape {
  const shape = infer(inference, operand)
  need(inference, operand, shape, kindsOfNumbers, '`-`')
  const kinds = new Set(kindsOfNumbers.filter((kind) => shape.kinds.has(kind)))
  return typeof shape.constant === 'number'
    ? { kinds, values: [-shape.constant], constant: -shape.constant }
    : { kinds }
}

function inferMember(inference: Inference, node: ASTNode, owner: ASTNode, name: string): ValueShape {
  const shape = infer(inference, owner)
  if (shape.kinds.size === 0) return noShape
  if (!need(inference, owner, shape, ['map'], `\`.${name}\``)) return anyShape
  const field = fieldOf(shape, name)
  if (field) return field
  // Asked for with has(…) somewhere, it is known to be missing at times.
  if (inference.askedFor.has(name)) return anyShape
  const fix = suggest(name, shape.fields?.keys() ?? [], 'it has no fields')
  report(inference, node, 'unknown_member', `\`${sourceOf(owner)}\` has no field \`${name}\``, fix)
  return anyShape
}

function inferIndex(inference: Inference, node: ASTNode, owner: ASTNode, index: ASTNode): ValueShape {
  if (index.op === 'value' && typeof index.args === 'string')
    return inferMember(inference, node, owner, index.args)
  const shape = infer(inference, owner)
  const at = infer(inference, index)
  need(inference, owner, shape, ['list', 'map'], '`[…]`')
  if (shape.kinds.has('map')) return anyShape
  need(inference, index, at, kindsOfNumbers, 'the index of a list')
  const constant = Array.isArray(shape.constant)
    ? shape.constant[Number(at.constant ?? Number.NaN)]
    : undefined
  return constant === undefined ? (shape.items ?? anyShape) : shapeOf(constant)
}

function inferList(items: readonly ValueShape[]): ValueShape {
  const constants = items.map((item) => item.constant)
  return {
    kinds: new Set(['list']),
    items: items.reduce(union, noShape),
    ...(constants.every((constant) => constant !== undefined) ? { constant: constants } : {}),
  }
}

function inferMap(inference: Inference, entries: readonly (readonly [ASTNode, ASTNode])[]): ValueShape {
  const shapes = entries.map(([key, value]): [string | undefined, ValueShape] => {
    infer(inference, key)
    const name = key.op === 'value' && typeof key.args === 'string' ? key.args : undefined
    return [name, infer(inference, value)]
  })
  const fields = new Map(
    shapes.flatMap(([name, shape]) => (name === undefined ? [] : [[name, shape] as const])),
  )
  const isKnown = shapes.every(([name]) => name !== undefined)
  if (!isKnown) return shapeOfKinds('map')
  const constants = [...fields].map(([name, { constant }]): [string, Json | undefined] => [name, constant])
  const isConstant = constants.every((each): each is [string, Json] => each[1] !== undefined)
  return {
    kinds: new Set(['map']),
    fields,
    closed: true,
    required: new Set(fields.keys()),
    ...(isConstant ? { constant: Object.fromEntries(constants) } : {}),
  }
}

type Binary = Extract<ASTNode, { args: readonly [ASTNode, ASTNode] }>

function inferBinary(inference: Inference, node: ASTNode): ValueShape {
  const [left, right] = (node as Binary).args
  if (node.op === '&&' || node.op === '||') {
    // An error on one side counts for nothing when the other side decides.
    const sides = within(inference, { conditional: true })
    for (const side of [left, right]) need(sides, side, infer(sides, side), ['boolean'], `\`${node.op}\``)
    return shapeOfKinds('boolean')
  }
  const [a, b] = [infer(inference, left), infer(inference, right)]
  switch (node.op) {
    case '+':
      return inferSum(inference, node, a, b)
    case '-':
    case '*':
    case '/':
    case '%':
      need(inference, left, a, kindsOfNumbers, `\`${node.op}\``)
      need(inference, right, b, kindsOfNumbers, `\`${node.op}\``)
      return numberOf(a, b)
    case 'in':
      need(inference, right, b, ['list', 'map'], '`in`')
      if (right.op === 'list')
        for (const item of right.args) compare(inference, node, [left, a], [item, infer(inference, item)])
      return shapeOfKinds('boolean')
    case '==':
    case '!=':
      compare(inference, node, [left, a], [right, b])
      return shapeOfKinds('boolean')
    default:
      needOfOneSort(inference, node, a, b, comparable, `\`${node.op}\``)
      return shapeOfKinds('boolean')
  }
}

const comparable: readonly (readonly ValueKind[])[] = [kindsOfNumbers, ['string'], ['boolean']]
const addable: readonly (readonly ValueKind[])[] = [kindsOfNumbers, ['string'], ['list']]

const has = (shape: ValueShape, kinds: readonly ValueKind[]): boolean =>
  kinds.some((kind) => shape.kinds.has(kind))

/** Both sides have to be of one sort of these. */
function needOfOneSort(
  inference: Inference,
  node: ASTNode,
  a: ValueShape,
  b: ValueShape,
  sorts: readonly (readonly ValueKind[])[],
  what: string,
): readonly (readonly ValueKind[])[] {
  const common = sorts.filter((sort) => has(a, sort) && has(b, sort))
  if (common.length === 0 && a.kinds.size > 0 && b.kinds.size > 0) need(inference, node, a, [], what, b)
  return common
}

function inferSum(inference: Inference, node: ASTNode, a: ValueShape, b: ValueShape): ValueShape {
  const sorts = needOfOneSort(inference, node, a, b, addable, '`+`')
  return sorts
    .map((sort): ValueShape => {
      if (sort === kindsOfNumbers) return numberOf(a, b)
      if (!sort.includes('list')) return shapeOfKinds(...sort)
      return a.items && b.items
        ? { kinds: new Set(['list']), items: union(a.items, b.items) }
        : shapeOfKinds('list')
    })
    .reduce(union, noShape)
}

/** Whole numbers make whole numbers; with another one among them it can be either. */
function numberOf(a: ValueShape, b: ValueShape): ValueShape {
  return a.kinds.has('fraction') || b.kinds.has('fraction') ? numberShape : shapeOfKinds('integer')
}
