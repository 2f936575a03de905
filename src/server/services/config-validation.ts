import { Ajv2020, type ErrorObject, type ValidateFunction } from 'ajv/dist/2020.js'
import ajvFormats from 'ajv-formats'
import { RE2JS } from 're2js'
import { messageOf } from '../../base/causes.ts'
import { JobwrightError } from '../../base/errors.ts'
import type { Json, JsonObject } from '../../base/json.ts'
import { containsReference, isReference, type JobTypeSchemaEntry } from '../../contract/index.ts'
import { jsonPointer, pointerPath } from './json-pointer.ts'
import { type ApiProblem, invalid, type ProblemDetail } from './problems.ts'

/** Patterns run in linear time, whatever the text: a schema's `^(a+)+$` would hang a backtracking engine for seconds. */
function linearPattern(pattern: string): { test(text: string): boolean; toString(): string } {
  const compiled = RE2JS.compile(RE2JS.translateRegExp(pattern))
  return {
    test: (text) => compiled.test(text),
    // Ajv shares one pattern among all whose engines print alike.
    toString: () => `re2:${pattern}`,
  }
}
linearPattern.code = 'linearPattern'

/** Keywords that judge a value by how its parts fare, so that a reference inside makes their verdict worthless. */
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

export interface ConfigValidator {
  /**
   * @throws ApiProblem 422 `unknown_job_type` with the known ones; 422 `invalid_config` with a pointer per problem.
   * What stands at or under a reference (`{"$secret": …}`) is left to the worker, which resolves it first.
   */
  validate(jobType: string, config: JsonObject): void
}

/**
 * Compiles the schemas of all job types once.
 * @throws JobwrightError `unusable_job_type_schema`, naming the job type
 */
export function createConfigValidator(entries: readonly JobTypeSchemaEntry[]): ConfigValidator {
  const validators = new Map(entries.map((entry) => [entry.job_type, compileSchema(entry)]))
  return {
    validate(jobType, config) {
      const validator = validators.get(jobType)
      if (!validator) throw unknownJobType(jobType, [...validators.keys()])
      if (config['job_type'] !== jobType)
        throw invalid('invalid_config', [
          {
            pointer: '/config/job_type',
            detail: `expected ${JSON.stringify(jobType)}, the job's type; found ${found(config['job_type'])}`,
          },
        ])
      if (validator(config)) return
      const problems = configProblems(config, validator.errors ?? [])
      if (problems.length > 0) throw invalid('invalid_config', problems)
    },
  }
}

function compileSchema(entry: JobTypeSchemaEntry): ValidateFunction {
  // An instance each: two job types may give their schemas the same $id.
  const ajv = new Ajv2020({ allErrors: true, strict: false, logger: false, code: { regExp: linearPattern } })
  ajvFormats.default(ajv)
  try {
    // Nothing loads schemas from elsewhere, so a remote $ref fails here.
    return ajv.compile(entry.json_schema)
  } catch (error) {
    throw new JobwrightError({
      code: 'unusable_job_type_schema',
      fault: 'usage',
      message: `The config schema of job type ${entry.job_type} cannot be used: ${messageOf(error)}`,
      cause: error,
    })
  }
}

/** 422 with the known types. */
export function unknownJobType(jobType: string, known: readonly string[]): ApiProblem {
  const list = known.length === 0 ? 'none' : [...known].sort().join(', ')
  return invalid('unknown_job_type', [
    {
      pointer: '/job_type',
      detail: `${JSON.stringify(jobType.slice(0, 100))} is not a job type of this server; known: ${list}`,
    },
  ])
}

function found(value: Json | undefined): string {
  return value === undefined ? 'nothing' : JSON.stringify(value).slice(0, 60)
}

/** Every problem that is not made by a reference in place of its value, with pointers into the request's body. */
function configProblems(config: JsonObject, errors: readonly ErrorObject[]): ProblemDetail[] {
  const excused = new Set(
    errors
      .filter((error) => combining.includes(error.keyword))
      .map((error) => error.instancePath)
      .filter((pointer) => containsReference(valueAt(config, pointer))),
  )
  const problems = errors
    .filter((error) => !standsOnReference(config, error.instancePath))
    .filter((error) => !isAtOrUnder(error.instancePath, excused))
    .map(problemOf)
  return [...new Map(problems.map((problem) => [`${problem.pointer} ${problem.detail}`, problem])).values()]
}

/** Looks the pointer's own beginnings up: comparing it with each of many others would take a hostile config's square. */
function isAtOrUnder(pointer: string, others: ReadonlySet<string>): boolean {
  for (let end = pointer.length; ; end = pointer.lastIndexOf('/', end - 1)) {
    if (others.has(pointer.slice(0, end))) return true
    if (end === 0) return false
  }
}

function problemOf(error: ErrorObject): ProblemDetail {
  const at = `/config${error.instancePath}`
  const params = error.params as Record<string, Json | undefined>
  switch (error.keyword) {
    case 'required':
      return { pointer: `${at}${jsonPointer([String(params['missingProperty'])])}`, detail: 'is required' }
    case 'additionalProperties':
      return {
        pointer: `${at}${jsonPointer([String(params['additionalProperty'])])}`,
        detail: 'is not a field of this job type',
      }
    case 'enum':
    case 'const': {
      const allowed = params['allowedValues'] ?? params['allowedValue']
      return { pointer: at, detail: `${error.message ?? 'is not allowed'}: ${JSON.stringify(allowed)}` }
    }
    default:
      return { pointer: at, detail: error.message ?? `fails ${error.keyword}` }
  }
}

function child(value: Json | undefined, key: string): Json | undefined {
  if (value === null || typeof value !== 'object' || !Object.hasOwn(value, key)) return undefined
  return Array.isArray(value) ? value[Number(key)] : value[key]
}

function valueAt(config: Json, pointer: string): Json | undefined {
  return pointerPath(pointer).reduce<Json | undefined>(child, config)
}

function standsOnReference(config: Json, pointer: string): boolean {
  let value: Json | undefined = config
  for (const key of pointerPath(pointer)) {
    if (isReference(value)) return true
    value = child(value, key)
  }
  return isReference(value)
}
