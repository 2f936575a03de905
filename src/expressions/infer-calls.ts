import type { ASTNode, Comprehension } from './ast.ts'
import { type Inference, need, within } from './inference.ts'
import {
  anyShape,
  noShape,
  numberShape,
  shapeOfKinds,
  union,
  type ValueKind,
  type ValueShape,
} from './value-shape.ts'

type Infer = (inference: Inference, node: ASTNode) => ValueShape
type NodeOf<Op extends ASTNode['op']> = Extract<ASTNode, { op: Op }>

const scalars: readonly ValueKind[] = ['boolean', 'integer', 'fraction', 'string']

/** What the functions take as their argument, and what they give. */
const functions: ReadonlyMap<string, { takes?: readonly ValueKind[]; gives: ValueShape }> = new Map([
  ['size', { takes: ['string', 'list', 'map'], gives: shapeOfKinds('integer') }],
  ['string', { takes: scalars, gives: shapeOfKinds('string') }],
  ['int', { takes: scalars, gives: shapeOfKinds('integer') }],
  ['double', { takes: scalars, gives: numberShape }],
  ['bool', { takes: scalars, gives: shapeOfKinds('boolean') }],
  ['dyn', { gives: anyShape }],
  ['json', { gives: shapeOfKinds('string') }],
  ['completed', { gives: shapeOfKinds('boolean') }],
  ['failed', { gives: shapeOfKinds('boolean') }],
  ['always', { gives: shapeOfKinds('boolean') }],
])

export function inferCall(inference: Inference, node: NodeOf<'call'>, infer: Infer): ValueShape {
  const [name, args] = node.args
  if (name === 'has') {
    const [asked] = args
    if (asked?.op === '.') infer(inference, asked.args[0])
    return shapeOfKinds('boolean')
  }
  const known = functions.get(name)
  for (const argument of args) {
    const shape = infer(inference, argument)
    if (known?.takes) need(inference, argument, shape, known.takes, `${name}()`)
  }
  return known?.gives ?? anyShape
}

const text = shapeOfKinds('string')

/** What the methods of a text, or of a list, give. */
const methods: ReadonlyMap<string, { of: readonly ValueKind[]; gives: ValueShape }> = new Map([
  ['size', { of: ['string', 'list', 'map'], gives: shapeOfKinds('integer') }],
  ['startsWith', { of: ['string'], gives: shapeOfKinds('boolean') }],
  ['endsWith', { of: ['string'], gives: shapeOfKinds('boolean') }],
  ['contains', { of: ['string'], gives: shapeOfKinds('boolean') }],
  ['matches', { of: ['string'], gives: shapeOfKinds('boolean') }],
  ['lowerAscii', { of: ['string'], gives: text }],
  ['upperAscii', { of: ['string'], gives: text }],
  ['trim', { of: ['string'], gives: text }],
  ['substring', { of: ['string'], gives: text }],
  ['indexOf', { of: ['string'], gives: shapeOfKinds('integer') }],
  ['lastIndexOf', { of: ['string'], gives: shapeOfKinds('integer') }],
  ['split', { of: ['string'], gives: { kinds: new Set(['list']), items: text } }],
  ['join', { of: ['list'], gives: text }],
])

export function inferMethod(inference: Inference, node: NodeOf<'rcall'>, infer: Infer): ValueShape {
  const [name, receiver, args] = node.args
  const shape = infer(inference, receiver)
  for (const argument of args) infer(inference, argument)
  const known = methods.get(name)
  if (known) need(inference, receiver, shape, known.of, `.${name}()`)
  return known?.gives ?? anyShape
}

/** `list.map(x, …)` and the like; of a map they go over its keys. */
export function inferMacro(
  inference: Inference,
  node: NodeOf<'rcall'>,
  { receiver, variable, bodies }: Comprehension,
  infer: Infer,
): ValueShape {
  const name = node.args[0]
  const over = infer(inference, receiver)
  need(inference, receiver, over, ['list', 'map'], `.${name}()`)
  const items = over.kinds.has('list') ? (over.items ?? anyShape) : noShape
  const each = over.kinds.has('map') ? union(items, text) : items
  const inner = within(inference, {
    names: new Map([...inference.names, [variable, each]]),
    bound: new Set([...inference.bound, variable]),
  })
  const shapes = bodies.map((body) => infer(inner, body))
  const conditions = name === 'map' ? bodies.slice(0, -1) : bodies
  conditions.forEach((body, index) => {
    need(inner, body, shapes[index] ?? anyShape, ['boolean'], `the condition of .${name}()`)
  })
  const listOf = (item: ValueShape | undefined): ValueShape => ({
    kinds: new Set(['list']),
    ...(item ? { items: item } : {}),
  })
  if (name === 'map') return listOf(shapes.at(-1))
  return name === 'filter' ? listOf(each) : shapeOfKinds('boolean')
}
