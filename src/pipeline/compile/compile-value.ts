import type { Json } from '../../base/json.ts'
import type { ScopeShape } from '../../expressions/index.ts'
import type { ListNode, MapNode, Node, ScalarNode } from '../nodes/nodes.ts'
import { hasExpression } from '../nodes/template.ts'
import type { PlanValue } from '../plan/types.ts'
import { type CompileContext, checkPart, noteValues, offsetIn, splitTemplate } from './expression-site.ts'

/** Where a value stands: in a `config`, outputs may travel as references. */
export type ValuePlace = 'config' | 'value'

const referenceKeys: ReadonlySet<string> = new Set(['$secret', '$template', '$output'])

function literal(value: Json): PlanValue {
  return { kind: 'literal', value }
}

type SecretPart = string | { secret: string }

function compileText(
  context: CompileContext,
  node: ScalarNode,
  value: string,
  shape: ScopeShape,
  place: ValuePlace,
): PlanValue {
  const template = splitTemplate(context, node, value)
  if (!template) return literal(value)
  const parts = template.parts.map((part) => {
    if (part.kind === 'literal') return { kind: 'literal' as const, text: part.text }
    return { kind: 'expression' as const, part, checked: checkPart(context, node, value, part, shape) }
  })
  const [only] = parts
  if (parts.length === 1 && only?.kind === 'expression') {
    context.wholes.set(node, { source: only.part.source, scope: shape, shape: only.checked.shape })
    const { whole } = only.checked.references
    if (whole?.kind === 'secret') return { kind: 'secret', parts: [{ secret: whole.name }] }
    // No Jobs API has the outputs of a pipeline run: they are passed on as values.
    if (whole?.kind === 'output' && place === 'config' && !context.nestedSteps.has(whole.step)) {
      context.usage.whole(whole.step, whole.name)
      return { kind: 'output', step: whole.step, name: whole.name }
    }
  }
  for (const part of parts) if (part.kind === 'expression') noteValues(context, part.checked)
  const hasSecret = parts.some(
    (part) => part.kind === 'expression' && part.checked.references.whole?.kind === 'secret',
  )
  if (!hasSecret) {
    if (parts.length === 1 && only?.kind === 'expression')
      return { kind: 'expression', source: only.part.source }
    return {
      kind: 'text',
      parts: parts.map((part) => (part.kind === 'literal' ? part.text : { source: part.part.source })),
    }
  }
  const secretParts = parts.flatMap((part): SecretPart[] => {
    if (part.kind === 'literal') return [part.text]
    const { whole } = part.checked.references
    if (whole?.kind === 'secret') return [{ secret: whole.name }]
    context.reporter.add({
      code: 'secret_with_expression',
      offset: offsetIn(context, node, value, part.part.sourceStart),
      message: 'a text with a secret in it cannot hold another expression',
      fix: 'put the other expression into a value of its own',
    })
    return []
  })
  return { kind: 'secret', parts: secretParts }
}

function compileList(
  context: CompileContext,
  node: ListNode,
  shape: ScopeShape,
  place: ValuePlace,
): PlanValue {
  const items = node.items.map((item) => compileValue(context, item, shape, place))
  const values = items.map((item) => (item.kind === 'literal' ? [item.value] : undefined))
  return values.every((value) => value !== undefined) ? literal(values.flat(1)) : { kind: 'list', items }
}

function compileMap(context: CompileContext, node: MapNode, shape: ScopeShape, place: ValuePlace): PlanValue {
  const [first] = node.entries
  if (first && node.entries.length === 1 && referenceKeys.has(first.key)) {
    const fix =
      first.key === '$secret' ? `write \${{ secrets.NAME }}` : 'write an expression, or add another key'
    context.reporter.add({
      code: 'reserved_form',
      offset: first.keyStart,
      message: `an object whose only key is \`${first.key}\` is kept for references`,
      fix,
    })
  }
  for (const entry of node.entries) {
    if (!hasExpression(entry.key)) continue
    context.reporter.add({
      code: 'expression_not_allowed',
      offset: entry.keyStart,
      message: 'a key cannot be an expression',
      fix: `write one expression for the whole map: \${{ {…} }}, in quotes`,
    })
  }
  const entries = node.entries.map((entry) => ({
    key: entry.key,
    value: compileValue(context, entry.value, shape, place),
  }))
  const pairs = entries.map(({ key, value }): [string, Json] | undefined =>
    value.kind === 'literal' ? [key, value.value] : undefined,
  )
  const isLiteral = pairs.every((pair) => pair !== undefined)
  return isLiteral ? literal(Object.fromEntries(pairs)) : { kind: 'object', entries }
}

/** A YAML value as a plan's value: what has no expression in it becomes a literal as a whole. */
export function compileValue(
  context: CompileContext,
  node: Node,
  shape: ScopeShape,
  place: ValuePlace,
): PlanValue {
  switch (node.kind) {
    case 'scalar':
      if (typeof node.value !== 'string' || !hasExpression(node.value)) return literal(node.value)
      return compileText(context, node, node.value, shape, place)
    case 'list':
      return compileList(context, node, shape, place)
    case 'map':
      return compileMap(context, node, shape, place)
  }
}
