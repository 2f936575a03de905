import type { Json, JsonObject } from '../../base/json.ts'
import { jsonPointer, pointerPath } from '../../base/json-pointer.ts'
import { suggest } from '../../base/suggest.ts'
import { type ConfigChecker, type ConfigProblem, UnusableSchemaError } from '../../config-schema/index.ts'
import { isReference, type JobTypeSchemaEntry } from '../../contract/index.ts'
import {
  anyShape,
  type Clash,
  clashOf,
  describeShape,
  fieldOf,
  type ValueShape,
} from '../../expressions/index.ts'
import type { Reporter } from '../nodes/findings.ts'
import { describe, entryOf, get, type MapEntry, type Node, nodeAt, toJson } from '../nodes/nodes.ts'
import { hasExpression } from '../nodes/template.ts'
import { show } from './json-types.ts'
import { shapeOfSchema } from './schema-shape.ts'

/** A step's config, or the inputs of the pipeline that it runs, and what they are checked against. */
export interface ConfigSite {
  step: MapEntry
  field: 'config' | 'inputs'
  /** Of a job type; or one made of the inputs of a pipeline. */
  entry: JobTypeSchemaEntry
  checker: ConfigChecker
  reporter: Reporter
  /** What a part of it will be, as far as it is known; for one item of a `for_each` where that is given. */
  shapeOfNode(node: Node, item: ValueShape | undefined): ValueShape | undefined
  /** What the schema takes, with nothing of `job_type`. */
  wanted(): ValueShape
  /** The items of the `for_each`, when they stand in the file. */
  items: readonly ValueShape[]
}

/** Something wrong with a config; `found`: what an expression gives there. */
interface Problem extends ConfigProblem {
  found?: string
  fix?: string
}

/** The value of an expression comes with the run; of a reference, where the handler runs. */
function isUnknown(value: Json | undefined): boolean {
  return typeof value === 'string' ? hasExpression(value) : isReference(value)
}

/** Each item is checked for itself up to this many; of more, what they have in common. */
const maxItems = 100

/**
 * Checks what is known of a step's `config` (or its absence) against its job type's schema, as the server will: values that are
 * written out as they are, expressions by what they can give.
 */
export function checkConfig(site: ConfigSite): void {
  const config = get(site.step.value, site.field)
  const items = site.items.length <= maxItems ? site.items : []
  const seen = new Set<string>()
  for (const [index, item] of [undefined, ...items].entries()) {
    const suffix = index === 0 ? '' : ` for item ${index - 1}`
    for (const problem of withoutSums(problemsOf(site, config, item))) {
      const place = `${problem.keyword} ${problem.pointer}`
      if (site.reporter.isFull()) return
      if (seen.has(place)) continue
      seen.add(place)
      report(site, problem, suffix)
    }
    if (!config || !readsItem(config)) return
  }
}

/** One fault, one problem: alternatives that each want another constant want one of them, and where a part is wrong the whole is. */
function withoutSums(all: readonly Problem[]): Problem[] {
  const problems = all.filter(({ superfluous }) => !superfluous)
  const isUnder = (pointer: string, above: string) => pointer.startsWith(`${above}/`)
  return problems
    .filter(
      ({ keyword, pointer }) =>
        !(keyword === 'anyOf' || keyword === 'oneOf') ||
        !problems.some((other) => isUnder(other.pointer, pointer)),
    )
    .map((problem) => {
      const { keyword, pointer } = problem
      if (keyword !== 'const') return problem
      const same = problems.filter((other) => other.keyword === keyword && other.pointer === pointer)
      const allowed = [...new Set(same.flatMap((other) => other.allowed ?? []))]
      if (allowed.length < 2) return problem
      const message = `must be equal to one of the allowed values: ${JSON.stringify(allowed)}`
      return { ...problem, keyword: 'enum', message, allowed }
    })
}

function readsItem(node: Node): boolean {
  if (node.kind === 'list') return node.items.some(readsItem)
  if (node.kind === 'map') return node.entries.some((entry) => readsItem(entry.value))
  return typeof node.value === 'string' && hasExpression(node.value) && /\bitem\b/.test(node.value)
}

function problemsOf(site: ConfigSite, config: Node | undefined, item: ValueShape | undefined): Problem[] {
  if (config?.kind === 'scalar') return misfits(site, config, item, [])
  // Any other value is reported as no config.
  if (config?.kind === 'list') return []
  const literal = config ? (asFarAsKnown(site, config, item) as JsonObject) : {}
  return [...refusals(site, literal, config, item), ...(config ? misfits(site, config, item, []) : [])]
}

/** The config as it will be sent, with expressions in place of what is not known yet. */
function asFarAsKnown(site: ConfigSite, node: Node, item: ValueShape | undefined): Json {
  switch (node.kind) {
    case 'scalar': {
      const constant = site.shapeOfNode(node, item)?.constant
      return constant === undefined ? node.value : constant
    }
    case 'list':
      return node.items.map((each) => asFarAsKnown(site, each, item))
    case 'map':
      return Object.fromEntries(
        node.entries.map((entry) => [entry.key, asFarAsKnown(site, entry.value, item)]),
      )
  }
}

/** What the schema refuses of the values that are known. */
function refusals(
  site: ConfigSite,
  literal: JsonObject,
  config: Node | undefined,
  item: ValueShape | undefined,
): Problem[] {
  const { entry, checker, reporter, field } = site
  try {
    // The orchestrator sends `job_type` along, whatever the file says.
    const whole = field === 'config' ? { ...literal, job_type: entry.job_type } : literal
    const problems = checker.check(entry, whole, isUnknown)
    return problems.map((problem) => {
      const node = config && nodeAt(config, pointerPath(problem.pointer)).node
      const isComputed = node?.kind === 'scalar' && isUnknown(node.value)
      const constant = isComputed ? site.shapeOfNode(node, item)?.constant : undefined
      return constant === undefined ? problem : { ...problem, found: show(constant) }
    })
  } catch (error) {
    if (!(error instanceof UnusableSchemaError)) throw error
    // The server's matter, which the file cannot mend. But nobody should take the config for checked.
    reporter.add({
      code: 'config_not_checked',
      severity: 'warning',
      offset: get(site.step.value, 'job_type')?.start ?? site.step.keyStart,
      message: `the config is not checked, since the schema of job type \`${entry.job_type}\` cannot be used: ${shorten(error.reason)}`,
      fix: 'correct its JSON Schema (2020-12) on the server',
    })
    return []
  }
}

/** What the schema takes of a config as the file has it: `job_type` comes from the orchestrator. */
export function shapeOfConfig({ json_schema }: JobTypeSchemaEntry): ValueShape {
  const { fields, required, ...rest } = shapeOfSchema(json_schema)
  return {
    ...rest,
    fields: new Map([...(fields ?? []), ['job_type', anyShape]]),
    required: new Set([...(required ?? [])].filter((field) => field !== 'job_type')),
  }
}

type Path = readonly (string | number)[]

/** Expressions that can give nothing that the schema takes. */
function misfits(site: ConfigSite, node: Node, item: ValueShape | undefined, path: Path): Problem[] {
  if (node.kind === 'map')
    return node.entries.flatMap(({ key, value }) => misfits(site, value, item, [...path, key]))
  if (node.kind === 'list')
    return node.items.flatMap((each, index) => misfits(site, each, item, [...path, index]))
  const found = isUnknown(node.value) ? site.shapeOfNode(node, item) : undefined
  // What is known whole was checked as it is, unless it is the config itself.
  if (!found || (found.constant !== undefined && path.length > 0)) return []
  const wanted = partAt(site.wanted(), path)
  const clash = wanted && clashOf(found, wanted)
  return clash ? [misfit(site, path, clash)] : []
}

/** What stands at a path of keys and indexes; undefined where nothing can be said. */
function partAt(shape: ValueShape, path: Path): ValueShape | undefined {
  return path.reduce<ValueShape | undefined>(
    (part, key) => part && (typeof key === 'number' ? part.items : fieldOf(part, key)),
    shape,
  )
}

function misfit({ field }: ConfigSite, path: Path, clash: Clash): Problem {
  const pointer = jsonPointer([...path, ...clash.path])
  if (!clash.found) return { pointer, keyword: 'required', message: 'is required' }
  if (!clash.wanted) return { pointer, keyword: 'additionalProperties', message: unknownTexts[field] }
  return {
    pointer,
    keyword: 'type',
    message: `must be ${describeShape(clash.wanted)}`,
    found: `an expression that gives ${describeShape(clash.found)}`,
    fix: `give ${describeShape(clash.wanted)}`,
  }
}

const unknownTexts = { config: 'is not a field of this job type', inputs: 'is not an input of this pipeline' }

const inputCodes: Readonly<Record<string, string>> = {
  required: 'missing_input',
  additionalProperties: 'unknown_input',
}

const codes: Readonly<Record<string, string>> = {
  required: 'config_missing_field',
  dependentRequired: 'config_missing_field',
  additionalProperties: 'config_unknown_field',
  unevaluatedProperties: 'config_unknown_field',
  type: 'config_wrong_type',
}

function report({ step, entry, field, reporter }: ConfigSite, problem: Problem, suffix: string): void {
  const { pointer, keyword, message, key } = problem
  const path = pointerPath(pointer)
  if (field === 'config' && path[0] === 'job_type') return
  const places = [step.key, field, ...path]
  const root: Node = { kind: 'map', entries: [step], start: step.keyStart, end: step.value.end }
  const { node, keyStart, used } = nodeAt(root, places)
  const isThere = used === places.length
  const isUnknownField = keyword === 'additionalProperties'
  const meant = key === undefined ? undefined : entryOf(node, key)?.keyStart
  const found =
    problem.found ??
    (meant !== undefined ? `field \`${key}\`` : isUnknownField || !isThere ? '' : describe(node))
  reporter.add({
    code: codeOf(field, keyword, path),
    offset: meant ?? (isThere && !isUnknownField ? node.start : keyStart),
    message: `${nameOf(field, path)} ${shorten(message)}${found && `, found ${found}`}${suffix} (${owners[field]} \`${entry.job_type}\`)`,
    fix: problem.fix ?? fixFor(problem, path.at(-1) ?? field, node),
  })
}

const owners = { config: 'job type', inputs: 'pipeline' }

function codeOf(field: ConfigSite['field'], keyword: string, path: readonly string[]): string {
  if (field === 'config') return codes[keyword] ?? 'config_wrong_value'
  return (path.length <= 1 ? inputCodes[keyword] : undefined) ?? 'wrong_input'
}

/** `config.hosts[2].name` */
function nameOf(field: string, path: readonly string[]): string {
  const parts = path.map((key) =>
    /^\d+$/.test(key) ? `[${key}]` : /^[\w-]+$/.test(key) ? `.${key}` : `[${JSON.stringify(key)}]`,
  )
  return `${field}${parts.join('')}`
}

/** Messages of patterns and long lists are of use up to a point. */
const shownMessage = 200

function shorten(message: string): string {
  return message.length > shownMessage ? `${message.slice(0, shownMessage)}…` : message
}

function fixFor({ keyword, allowed = [], example }: ConfigProblem, name: string, node: Node): string {
  switch (keyword) {
    case 'required':
      return `add \`${name}\``
    case 'additionalProperties':
      return suggest(name, allowed.map(String))
    case 'type':
      return `give a value of type ${allowed.join(' or ')}`
    case 'enum':
      return suggest(
        node.kind === 'scalar' ? String(node.value) : show(toJson(node)),
        allowed.map((value) => (typeof value === 'string' ? value : show(value))),
      )
    case 'const':
      return `write ${allowed.map(show).join()}`
    default:
      return example === undefined
        ? 'give what the schema takes; `jobwright jobs schemas --output json` prints it'
        : `write it like ${example}`
  }
}
