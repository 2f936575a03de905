import type { Json } from '../../base/json.ts'
import type { Reporter } from '../nodes/findings.ts'
import { entriesOf, get, itemsOf, type MapEntry, type Node, textOf, toJson } from '../nodes/nodes.ts'
import { hasExpression } from '../nodes/template.ts'
import { inputTypes, type PlanInput } from '../plan/types.ts'
import { hasType, sameJson, show } from './json-types.ts'

function typeOf(entry: MapEntry): PlanInput['type'] | undefined {
  const name = textOf(get(entry.value, 'type'))
  return inputTypes.find((type) => type === name)
}

function checkValues(entry: MapEntry, type: PlanInput['type'], reporter: Reporter): void {
  const values = itemsOf(get(entry.value, 'enum'))
  for (const value of values) {
    if (hasType(toJson(value), type)) continue
    reporter.add({
      code: 'wrong_enum',
      offset: value.start,
      message: `${show(toJson(value))} in \`enum\` is no ${type}`,
      fix: `input \`${entry.key}\` has the type ${type}`,
    })
  }
  const node = get(entry.value, 'default')
  if (!node) return
  if (hasExpression(textOf(node) ?? '')) {
    const fix = 'write the value itself; a step can compute'
    reporter.add({
      code: 'expression_not_allowed',
      offset: node.start,
      message: 'a default cannot be an expression',
      fix,
    })
  }
  const found = toJson(node)
  if (!hasType(found, type)) {
    reporter.add({
      code: 'wrong_default',
      offset: node.start,
      message: `the default ${show(found)} of input \`${entry.key}\` is no ${type}`,
      fix: `give a default of type ${type}, or change \`type\``,
    })
  } else if (values.length > 0 && !values.some((value) => sameJson(toJson(value), found))) {
    const allowed = values.map((value) => show(toJson(value))).join(', ')
    reporter.add({
      code: 'wrong_default',
      offset: node.start,
      message: `the default ${show(found)} of input \`${entry.key}\` is not in its \`enum\``,
      fix: `allowed: ${allowed}`,
    })
  }
}

function compileInput(entry: MapEntry, type: PlanInput['type']): PlanInput {
  const description = textOf(get(entry.value, 'description'))
  const values = get(entry.value, 'enum')
  const fallback = get(entry.value, 'default')
  return {
    name: entry.key,
    type,
    ...(description === undefined ? {} : { description }),
    ...(values ? { enum: toJson(values) as Json[] } : {}),
    ...(fallback ? { default: toJson(fallback) } : {}),
  }
}

/** The inputs of a file; those without a usable type are left out. */
export function compileInputs(root: Node, reporter: Reporter): PlanInput[] {
  return entriesOf(get(root, 'inputs')).flatMap((entry) => {
    const type = typeOf(entry)
    if (!type) return []
    checkValues(entry, type, reporter)
    return [compileInput(entry, type)]
  })
}
