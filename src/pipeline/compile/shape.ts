import type { z } from 'zod'
import { suggest } from '../../base/suggest.ts'
import type { Reporter } from '../nodes/findings.ts'
import { describe, entryOf, get, type MapNode, type Node, nodeAt, toJson } from '../nodes/nodes.ts'
import { isExtension, pipelineDefinitions, ranges, unsupportedFields } from './definition.ts'

type Issue = z.core.$ZodIssue

const words: Record<string, string> = {
  string: 'text',
  number: 'a number',
  int: 'a whole number',
  boolean: 'true or false',
  array: 'a list',
  object: 'a map',
  record: 'a map',
}

function fieldName(path: readonly PropertyKey[]): string {
  const last = path.at(-1)
  if (last === undefined) return 'the file'
  return typeof last === 'number' ? `item ${last + 1} of \`${String(path.at(-2))}\`` : `\`${String(last)}\``
}

/** Fields known at a place, for suggestions: those of the schema that refused one. */
function knownFields(path: readonly PropertyKey[]): string[] {
  let schema: unknown = pipelineDefinitions[typeof path[1] === 'number' ? 'list' : 'map']
  for (const segment of path) schema = childSchema(unwrap(schema), segment)
  const inner = unwrap(schema)
  return isDefined(inner, 'object') ? Object.keys((inner as unknown as { shape: object }).shape) : []
}

function isDefined(schema: unknown, type: string): schema is { def: { type: string } } {
  return (schema as { def?: { type?: string } } | undefined)?.def?.type === type
}

function unwrap(schema: unknown): unknown {
  return isDefined(schema, 'optional')
    ? unwrap((schema as unknown as { def: { innerType: unknown } }).def.innerType)
    : schema
}

function childSchema(schema: unknown, segment: PropertyKey): unknown {
  if (isDefined(schema, 'object'))
    return (schema as unknown as { shape: Record<string, unknown> }).shape[String(segment)]
  if (isDefined(schema, 'array')) return (schema as unknown as { def: { element: unknown } }).def.element
  if (isDefined(schema, 'record')) return (schema as unknown as { def: { valueType: unknown } }).def.valueType
  return undefined
}

/** Fields that belong to another place of the file than where they were found. */
const stepFields = knownFields(['steps', 'x'])

function reportUnknown(root: Node, path: readonly PropertyKey[], key: string, reporter: Reporter): void {
  const { node } = nodeAt(root, path)
  const offset = entryOf(node, key)?.keyStart ?? node.start
  if (unsupportedFields.has(key)) {
    reporter.add({
      code: 'unsupported_field',
      offset,
      message: `\`${key}\` is not supported by this version`,
      fix: 'remove it',
    })
    return
  }
  const place =
    path.length === 0
      ? 'a pipeline'
      : path[0] === 'steps' && path.length === 2
        ? `step \`${String(path[1])}\``
        : fieldName(path)
  const isStepField = path.length === 0 && stepFields.includes(key)
  const fix = isStepField ? 'it belongs to a step: indent it under one' : suggest(key, knownFields(path))
  reporter.add({ code: 'unknown_field', offset, message: `${place} has no field \`${key}\``, fix })
}

function expectation(issue: Issue, path: readonly PropertyKey[]): string {
  if (issue.code === 'invalid_type') return words[issue.expected] ?? issue.expected
  if (issue.code !== 'invalid_union') return 'another value'
  switch (path.at(-1)) {
    case 'for_each':
      return 'an expression or a list'
    case 'key':
      return 'text or a number'
    case 'config':
      return 'a map or an expression'
    default:
      return 'a JSON value'
  }
}

function reportIssue(root: Node, issue: Issue, reporter: Reporter): void {
  if (issue.code === 'unrecognized_keys') {
    for (const key of issue.keys) if (!reporter.isFull()) reportUnknown(root, issue.path, key, reporter)
    return
  }
  const { node, keyStart, used } = nodeAt(root, issue.path)
  const name = fieldName(issue.path)
  if (used < issue.path.length) {
    reporter.add({
      code: 'missing_field',
      offset: keyStart,
      message: `${name} is missing`,
      fix: `add ${name}`,
    })
    return
  }
  switch (issue.code) {
    case 'invalid_value': {
      const expected = issue.values.map(String)
      reporter.add({
        code: 'wrong_value',
        offset: node.start,
        message: `${name} cannot be ${describe(node)}`,
        fix: suggestValue(node, expected),
      })
      return
    }
    case 'too_small':
    case 'too_big':
      reporter.add({
        code: 'out_of_range',
        offset: node.start,
        message: `${name} is out of range: found ${describe(node)}`,
        fix: rangeFix(issue),
      })
      return
    default: {
      const expected = expectation(issue, issue.path)
      reporter.add({
        code: 'wrong_type',
        offset: node.start,
        message: `${name} must be ${expected}, found ${describe(node)}`,
        fix: fixFor(node, name, expected),
      })
    }
  }
}

function fixFor(node: Node, name: string, expected: string): string {
  if (name === '`schedule`') return "write what it is, such as schedule: { cron: '30 2 * * *' }"
  const isListed = expected === 'a list' && node.kind === 'scalar' && node.value !== null
  return isListed ? `write ${name.replaceAll('`', '')}: [${String(node.value)}]` : `give it ${expected}`
}

function suggestValue(node: Node, expected: string[]): string {
  const found = node.kind === 'scalar' ? String(node.value) : ''
  return found === 'hold'
    ? `\`hold\` is not supported by this version; known: ${expected.join(', ')}`
    : suggest(found, expected)
}

function rangeFix(issue: Issue): string {
  const field = String(issue.path.at(-1))
  if (Object.hasOwn(ranges, field)) {
    const { min, max } = ranges[field as keyof typeof ranges]
    const unit = field === 'name' ? ' characters' : lists.has(field) ? ' entries' : ''
    return `allowed: ${min} to ${max}${unit}`
  }
  return issue.code === 'too_small' ? `at least ${String(issue.minimum)}` : 'make it smaller'
}

const lists: ReadonlySet<string> = new Set(['notify', 'secrets'])

/** Durations have checks of their own, with better words. */
const durationFields: ReadonlySet<PropertyKey> = new Set(['timeout', 'backoff', 'after'])
const scheduleDurations: ReadonlySet<PropertyKey> = new Set(['every', 'jitter', 'window'])

function withoutExtensions(root: MapNode): MapNode {
  return { ...root, entries: root.entries.filter(({ key }) => !isExtension(key)) }
}

/** Reports what the schema refuses: unknown fields, wrong types, missing fields. */
export function checkShape(root: Node, reporter: Reporter): void {
  if (root.kind !== 'map') {
    reporter.add({
      code: 'wrong_type',
      offset: root.start,
      message: `a pipeline must be a map, found ${describe(root)}`,
      fix: 'begin with `name:` and `steps:`',
    })
    return
  }
  const definition = pipelineDefinitions[get(root, 'schedule')?.kind === 'list' ? 'list' : 'map']
  const result = definition.safeParse(toJson(withoutExtensions(root)))
  for (const issue of result.error?.issues ?? []) {
    if (reporter.isFull()) return
    const last = issue.path.at(-1)
    if (last !== undefined && durationFields.has(last) && issue.path.length > 1) continue
    if (last !== undefined && scheduleDurations.has(last) && issue.path[0] === 'schedule') continue
    // A condition has a check of its own: `if: true` is a likely first try.
    if (last === 'if' && issue.path.length === 3) continue
    reportIssue(root, issue, reporter)
  }
}
