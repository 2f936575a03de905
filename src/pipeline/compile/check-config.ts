import type { Json, JsonObject } from '../../base/json.ts'
import { pointerPath } from '../../base/json-pointer.ts'
import { suggest } from '../../base/suggest.ts'
import { type ConfigChecker, type ConfigProblem, UnusableSchemaError } from '../../config-schema/index.ts'
import { isReference, type JobTypeSchemaEntry } from '../../contract/index.ts'
import type { Reporter } from '../nodes/findings.ts'
import { describe, entryOf, get, type MapEntry, type Node, nodeAt, toJson } from '../nodes/nodes.ts'
import { hasExpression } from '../nodes/template.ts'
import { show } from './json-types.ts'

/** A step's config, and what it is checked against. */
export interface ConfigSite {
  step: MapEntry
  entry: JobTypeSchemaEntry
  checker: ConfigChecker
  reporter: Reporter
}

/** The value of an expression comes with the run; of a reference, where the handler runs. */
function isUnknown(value: Json | undefined): boolean {
  return typeof value === 'string' ? hasExpression(value) : isReference(value)
}

/** Checks the literal parts of a step's `config` (or its absence) against its job type's schema, as the server will. */
export function checkConfig(site: ConfigSite): void {
  const config = get(site.step.value, 'config')
  // One whole expression is not known yet, and any other value is reported as no config.
  if (config && config.kind !== 'map') return
  for (const problem of problemsOf(site, config)) {
    if (site.reporter.isFull()) return
    if (!problem.superfluous) report(site, problem)
  }
}

function problemsOf(site: ConfigSite, config: Node | undefined): ConfigProblem[] {
  const { entry, checker, reporter } = site
  const literal = config ? (toJson(config) as JsonObject) : {}
  try {
    // The orchestrator sends `job_type` along, whatever the file says.
    return checker.check(entry, { ...literal, job_type: entry.job_type }, isUnknown)
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

const codes: Readonly<Record<string, string>> = {
  required: 'config_missing_field',
  dependentRequired: 'config_missing_field',
  additionalProperties: 'config_unknown_field',
  unevaluatedProperties: 'config_unknown_field',
  type: 'config_wrong_type',
}

function report({ step, entry, reporter }: ConfigSite, problem: ConfigProblem): void {
  const { pointer, keyword, message, key } = problem
  const path = pointerPath(pointer)
  if (path[0] === 'job_type') return
  const places = [step.key, 'config', ...path]
  const root: Node = { kind: 'map', entries: [step], start: step.keyStart, end: step.value.end }
  const { node, keyStart, used } = nodeAt(root, places)
  const isThere = used === places.length
  const isUnknownField = keyword === 'additionalProperties'
  const meant = key === undefined ? undefined : entryOf(node, key)?.keyStart
  const found = meant !== undefined ? `field \`${key}\`` : isUnknownField || !isThere ? '' : describe(node)
  reporter.add({
    code: codes[keyword] ?? 'config_wrong_value',
    offset: meant ?? (isThere && !isUnknownField ? node.start : keyStart),
    message: `${nameOf(path)} ${shorten(message)}${found && `, found ${found}`} (job type \`${entry.job_type}\`)`,
    fix: fixFor(problem, path.at(-1) ?? 'config', node),
  })
}

/** `config.hosts[2].name` */
function nameOf(path: readonly string[]): string {
  const parts = path.map((key) =>
    /^\d+$/.test(key) ? `[${key}]` : /^[\w-]+$/.test(key) ? `.${key}` : `[${JSON.stringify(key)}]`,
  )
  return `config${parts.join('')}`
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
