import { canonicalJson, type Json, type JsonObject } from '../base/json.ts'
import { jsonPointer } from '../base/json-pointer.ts'
import type { JobTypeEssence } from './essence.ts'
import { isObject, localTarget, objectOf, textsOf } from './schema.ts'
import { typeOfSchema } from './typescript/convert.ts'
import { printInline } from './typescript/print.ts'

/** One thing that is not as it was. */
export interface SchemaDrift {
  job_type: string
  /** `config.hosts[].url`, `outputs.sum.bytes`; null where it is the job type itself. */
  field: string | null
  /** What it was, in words of TypeScript or of JSON Schema; null where it was not there. */
  before: string | null
  after: string | null
}

/** Everything in which two descriptions of job types differ, by name. Empty exactly when they say the same. */
export function schemaDrift(
  before: readonly JobTypeEssence[],
  after: readonly JobTypeEssence[],
): SchemaDrift[] {
  const names = [...new Set([...before, ...after].map(({ job_type }) => job_type))].toSorted()
  return names.flatMap((name) => {
    const [was, is] = [before, after].map((all) => all.find(({ job_type }) => job_type === name))
    if (!was || !is) {
      const told = (one: JobTypeEssence | undefined) => (one ? 'offered' : null)
      return [{ job_type: name, field: null, before: told(was), after: told(is) }]
    }
    return [
      ...differences(name, 'config', was.config, is.config),
      ...ofOutputs(name, was.outputs ?? {}, is.outputs ?? {}),
    ]
  })
}

function ofOutputs(name: string, before: JsonObject, after: JsonObject): SchemaDrift[] {
  const names = [...new Set([...Object.keys(before), ...Object.keys(after)])]
  return names.flatMap((output) => differences(name, `outputs.${output}`, before[output], after[output]))
}

/** A schema, and the one that its references are looked up in. */
interface Side {
  schema: Json | undefined
  root: Json
}

function differences(
  jobType: string,
  field: string,
  before: Json | undefined,
  after: Json | undefined,
): SchemaDrift[] {
  if (isSame(before, after)) return []
  const found: SchemaDrift[] = []
  const seen = new Set<string>()
  const add = (path: string, was: string | null, is: string | null) =>
    found.push({ job_type: jobType, field: path, before: was, after: is })

  const compare = (path: string, left: Side, right: Side): void => {
    const [was, is] = [resolved(left), resolved(right)]
    const pair = jsonPointer([was.at, is.at])
    // One that contains itself was compared where it was met first.
    if (was.at !== '' && is.at !== '' && seen.has(pair)) return
    seen.add(pair)
    if (!isObject(was.schema) || !isObject(is.schema)) {
      if (!isSame(was.schema, is.schema)) add(path, shown(was), shown(is))
      return
    }
    const [old, now] = [was.schema, is.schema]
    const inner = partsOf(old, now)
    for (const [suffix, key] of inner)
      compare(
        `${path}${suffix}`,
        { schema: old[key], root: left.root },
        { schema: now[key], root: right.root },
      )
    compareFields(path, { schema: old, root: left.root }, { schema: now, root: right.root })
    const ignored = new Set([
      ...inner.map(([, key]) => key),
      'properties',
      'required',
      '$defs',
      'definitions',
    ])
    const [ownOld, ownNow] = keywordsThatDiffer(old, now, ignored)
    if (ownOld === '' && ownNow === '') return
    const types = [shown(was), shown(is)]
    if (types[0] !== types[1]) add(path, types[0] ?? null, types[1] ?? null)
    else add(path, ownOld || null, ownNow || null)
  }

  const compareFields = (
    path: string,
    left: { schema: JsonObject; root: Json },
    right: { schema: JsonObject; root: Json },
  ): void => {
    const [old, now] = [objectOf(left.schema['properties']), objectOf(right.schema['properties'])]
    const [needed, needs] = [textsOf(left.schema['required']), textsOf(right.schema['required'])]
    for (const name of new Set([...Object.keys(old), ...Object.keys(now), ...needed, ...needs])) {
      const place = `${path}.${name}`
      const [was, is] = [
        { schema: own(old, name), root: left.root },
        { schema: own(now, name), root: right.root },
      ]
      if (was.schema === undefined || is.schema === undefined) {
        if (was.schema !== undefined || is.schema !== undefined)
          add(place, shown(resolved(was)), shown(resolved(is)))
      } else compare(place, was, is)
      const both = was.schema !== undefined && is.schema !== undefined
      const word = (all: readonly string[]) => (all.includes(name) ? 'required' : 'optional')
      if (word(needed) !== word(needs) && (both || was.schema === is.schema))
        add(place, word(needed), word(needs))
    }
  }

  compare(field, { schema: before, root: before ?? {} }, { schema: after, root: after ?? {} })
  // What is referred to by no way that is looked at here.
  if (found.length === 0) add(field, 'another schema', 'the present one')
  return found
}

/** The parts that both have: the suffix of a place, and the keyword. */
function partsOf(before: JsonObject, after: JsonObject): (readonly [suffix: string, keyword: string])[] {
  return (
    [
      ['[]', 'items'],
      ['.*', 'additionalProperties'],
    ] as const
  ).filter(([, key]) => isObject(before[key]) && isObject(after[key]))
}

/** What a schema refers to, and nothing beside it, followed to its end. `at`: where that stands in the root, if it was followed. */
function resolved({ schema, root }: Side): Side & { at: string } {
  let found: Side & { at: string } = { schema, root, at: '' }
  for (let left = 100; left > 0; left -= 1) {
    const { schema: one } = found
    if (!isObject(one) || Object.keys(one).length !== 1 || one['$ref'] === undefined) return found
    const target = localTarget(root, one['$ref'])
    if (!target) return found
    found = { schema: target.schema, root, at: target.pointer }
  }
  return found
}

function keywordsThatDiffer(
  before: JsonObject,
  after: JsonObject,
  ignored: ReadonlySet<string>,
): [before: string, after: string] {
  const keys = [...new Set([...Object.keys(before), ...Object.keys(after)])].filter(
    (key) => !ignored.has(key) && !isSame(own(before, key), own(after, key)),
  )
  const list = (schema: JsonObject) =>
    keys
      .flatMap((key) =>
        own(schema, key) === undefined ? [] : [`${key} ${short(canonicalJson(own(schema, key) ?? null))}`],
      )
      .join(', ')
  return [list(before), list(after)]
}

function shown({ schema, root }: Side): string | null {
  if (schema === undefined) return null
  return short(printInline(typeOfSchema(schema, { name: '', taken: new Set(), root }).type))
}

const shownCharacters = 200
const short = (text: string): string =>
  text.length > shownCharacters ? `${text.slice(0, shownCharacters)}…` : text

const own = (object: JsonObject, key: string): Json | undefined =>
  Object.hasOwn(object, key) ? object[key] : undefined

function isSame(one: Json | undefined, other: Json | undefined): boolean {
  if (one === undefined || other === undefined) return one === other
  return canonicalJson(one) === canonicalJson(other)
}
