import type { Json, JsonObject } from '../../base/json.ts'
import { problemsOfInput } from '../../config-schema/index.ts'
import type { Reporter } from '../nodes/findings.ts'
import { entriesOf, entryOf, get, itemsOf, type MapEntry, type Node, textOf, toJson } from '../nodes/nodes.ts'
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
  if (!node) {
    checkAgainstSchema(entry, undefined, reporter)
    return
  }
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
  } else checkAgainstSchema(entry, found, reporter)
}

function schemaOf(entry: MapEntry): JsonObject | undefined {
  const node = get(entry.value, 'schema')
  return node?.kind === 'map' ? (toJson(node) as JsonObject) : undefined
}

/** Its schema can be used at all, and takes its default. */
function checkAgainstSchema(entry: MapEntry, value: Json | undefined, reporter: Reporter): void {
  const schema = schemaOf(entry)
  if (!schema) return
  const found = problemsOfInput(schema, value)
  if ('unusable' in found) {
    reporter.add({
      code: 'bad_schema',
      offset: entryOf(entry.value, 'schema')?.keyStart ?? entry.keyStart,
      message: `the schema of input \`${entry.key}\` cannot be used: ${found.unusable}`,
      fix: 'write JSON Schema (2020-12); patterns have no lookarounds and no back references',
    })
    return
  }
  for (const problem of found.problems)
    reporter.add({
      code: 'wrong_default',
      offset: get(entry.value, 'default')?.start ?? entry.keyStart,
      message: `the default of input \`${entry.key}\`${problem}`,
      fix: 'give a default that its `schema` takes',
    })
}

function compileInput(entry: MapEntry, type: PlanInput['type']): PlanInput {
  const description = textOf(get(entry.value, 'description'))
  const values = get(entry.value, 'enum')
  const fallback = get(entry.value, 'default')
  const schema = schemaOf(entry)
  return {
    name: entry.key,
    type,
    ...(description === undefined ? {} : { description }),
    // Anything else was reported, and says nothing of its values.
    ...(values?.kind === 'list' ? { enum: values.items.map(toJson) } : {}),
    ...(fallback ? { default: toJson(fallback) } : {}),
    ...(schema ? { schema } : {}),
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
