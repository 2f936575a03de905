import type { ErrorObject } from 'ajv'
import type { Json } from '../base/json.ts'
import { jsonPointer, pointerPath } from '../base/json-pointer.ts'
import { superfluousErrors } from './alternatives.ts'
import { exampleOf } from './formats.ts'

/** Whether a value stands for another one that is not known here: a reference, or an expression. */
export type IsUnknown = (value: Json | undefined) => boolean

/** One thing that a schema refuses. */
export interface ConfigProblem {
  /** A JSON pointer into the config: to the wrong value, or to the field that is missing or unknown. */
  pointer: string
  /** Of JSON Schema: `required`, `type`, `format`, … */
  keyword: string
  /** What is wrong, to be read after a name: `must be integer`. */
  message: string
  /** What would be right, where the schema lists it: the known fields, types or values. */
  allowed?: readonly Json[]
  /** A text that would do, where it must be of a known format. */
  example?: string
  /** Other problems say it better, for a person: it comes from an alternative that was plainly not meant, or sums up. */
  superfluous?: true
  /** A key of the value at `pointer` that is meant, where the whole value is blamed for it. */
  key?: string
}

/** Keywords that judge a value by how its parts fare: with an unknown one inside, their verdict and those they rest on are worthless. */
const combining: readonly string[] = [
  'anyOf',
  'oneOf',
  'not',
  'if',
  'contains',
  'dependentSchemas',
  'unevaluatedProperties',
  'unevaluatedItems',
]

/** Keywords that compare a value as a whole: with an unknown part their own verdict is worthless, and no other. */
const comparing: readonly string[] = ['enum', 'const']

/** Every problem that is not made by an unknown value. One may come several times, from alternatives that share it. */
export function problemsOf(config: Json, errors: readonly ErrorObject[], judge: IsUnknown): ConfigProblem[] {
  const isUnknown = onceEach(judge)
  const containsUnknown = (value: Json | undefined): boolean =>
    isUnknown(value) ||
    (value !== null && typeof value === 'object' && Object.values(value).some(containsUnknown))
  const judged = errors.filter(({ keyword }) => combining.includes(keyword))
  const excused = new Set(
    [...new Set(judged.map((error) => error.instancePath))].filter((pointer) =>
      containsUnknown(valueAt(config, pointer)),
    ),
  )
  const left = errors
    .filter((error) => !standsOnUnknown(config, error.instancePath, isUnknown))
    .filter((error) => !isAtOrUnder(error.instancePath, excused))
    .filter(
      ({ keyword, instancePath }) =>
        !comparing.includes(keyword) || !containsUnknown(valueAt(config, instancePath)),
    )
  const superfluous = superfluousErrors(left)
  return left.map((error) => ({
    ...problemOf(error),
    ...(superfluous.has(error) ? { superfluous: true } : {}),
  }))
}

/** Each object is judged once: a large one that has an error in every field would be judged as often, each time as a whole. */
function onceEach(judge: IsUnknown): IsUnknown {
  const verdicts = new Map<object, boolean>()
  return (value) => {
    if (value === null || typeof value !== 'object') return judge(value)
    const verdict = verdicts.get(value) ?? judge(value)
    verdicts.set(value, verdict)
    return verdict
  }
}

/** Looks the pointer's own beginnings up: comparing it with each of many others would take a hostile config's square. */
function isAtOrUnder(pointer: string, others: ReadonlySet<string>): boolean {
  for (let end = pointer.length; ; end = pointer.lastIndexOf('/', end - 1)) {
    if (others.has(pointer.slice(0, end))) return true
    if (end === 0) return false
  }
}

function child(value: Json | undefined, key: string): Json | undefined {
  if (value === null || typeof value !== 'object' || !Object.hasOwn(value, key)) return undefined
  return Array.isArray(value) ? value[Number(key)] : value[key]
}

function valueAt(config: Json, pointer: string): Json | undefined {
  return pointerPath(pointer).reduce<Json | undefined>(child, config)
}

function standsOnUnknown(config: Json, pointer: string, isUnknown: IsUnknown): boolean {
  let value: Json | undefined = config
  for (const key of pointerPath(pointer)) {
    if (isUnknown(value)) return true
    value = child(value, key)
  }
  return isUnknown(value)
}

function problemOf(error: ErrorObject): ConfigProblem {
  const { keyword, instancePath: pointer } = error
  const message = error.message ?? `fails ${keyword}`
  const params = error.params as Record<string, Json | undefined>
  const field = (name: Json | undefined) => `${pointer}${jsonPointer([String(name)])}`
  switch (keyword) {
    case 'required':
      return { pointer: field(params['missingProperty']), keyword, message: 'is required' }
    case 'additionalProperties':
      return {
        pointer: field(params['additionalProperty']),
        keyword,
        message: 'is not a field of this job type',
        allowed: Object.keys(error.parentSchema?.['properties'] ?? {}),
      }
    case 'enum':
    case 'const': {
      const allowed = params['allowedValues'] ?? params['allowedValue']
      return {
        pointer,
        keyword,
        message: `${message}: ${JSON.stringify(allowed)}`,
        allowed: listOf(keyword === 'const' ? [allowed ?? null] : allowed),
      }
    }
    case 'type':
      return { pointer, keyword, message, allowed: listOf(params['type']) }
    case 'format': {
      const example = exampleOf(String(params['format']))
      return { pointer, keyword, message, ...(example === undefined ? {} : { example }) }
    }
    default: {
      const key = error.propertyName ?? params['propertyName'] ?? params['unevaluatedProperty']
      return { pointer, keyword, message, ...(typeof key === 'string' ? { key } : {}) }
    }
  }
}

function listOf(value: Json | undefined): readonly Json[] {
  return Array.isArray(value) ? value : value === undefined ? [] : [value]
}
