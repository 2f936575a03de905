import type { Json } from '../../base/json.ts'
import { suggest } from '../../base/suggest.ts'
import type { Reporter } from '../nodes/findings.ts'
import { entriesOf, entryOf, get, type MapEntry, type Node, textOf, toJson } from '../nodes/nodes.ts'
import { hasExpression } from '../nodes/template.ts'
import type { PlanInput } from '../plan/types.ts'
import { resolveInputs } from './inputs.ts'
import { hasType, show } from './json-types.ts'

/** `inputs` of a schedule: the values that its runs are given. */
export function scheduleInputs(site: {
  node: Node
  inputs: readonly PlanInput[]
  /** All names that the file declares. */
  declared: ReadonlySet<string>
  reporter: Reporter
}): Record<string, Json> {
  const { node, inputs, declared, reporter } = site
  const given = entryOf(node, 'inputs')
  const entries = entriesOf(given?.value)
  for (const entry of entries) {
    const input = inputs.find(({ name }) => name === entry.key)
    if (input) checkInput(entry, input, reporter)
    else if (!declared.has(entry.key))
      reporter.add({
        code: 'unknown_input',
        offset: entry.keyStart,
        message: `the pipeline has no input \`${entry.key}\``,
        fix: suggest(entry.key, declared, 'it has no inputs'),
      })
  }
  for (const { name, type, default: fallback } of inputs) {
    if (fallback !== undefined || get(given?.value, name)) continue
    reporter.add({
      code: 'missing_input',
      offset: given?.keyStart ?? node.start,
      message: `input \`${name}\` (${type}) is required, and nobody is there to give it`,
      fix: `add it: inputs: { ${name}: … }, or give it a default`,
    })
  }
  return Object.fromEntries(entries.map(({ key, value }) => [key, toJson(value)]))
}

function checkInput({ key, value: node }: MapEntry, input: PlanInput, reporter: Reporter): void {
  if (hasExpression(textOf(node) ?? '')) {
    reporter.add({
      code: 'expression_not_allowed',
      offset: node.start,
      message: 'an input of a schedule cannot be an expression',
      fix: 'write the value itself; steps can read pipeline.scheduled_for',
    })
    return
  }
  const value = toJson(node)
  if (!hasType(value, input.type)) {
    reporter.add({
      code: 'wrong_input',
      offset: node.start,
      message: `input \`${key}\` must be of type ${input.type}, found ${show(value)}`,
      fix: `give a value of type ${input.type}`,
    })
    return
  }
  for (const { code, message, fix } of resolveInputs({ name: '', inputs: [input] }, { [key]: value })
    .findings)
    reporter.add({ code, offset: node.start, message, fix })
}
