import type { ValidateFunction } from 'ajv/dist/2020.js'
import { messageOf } from '../base/causes.ts'
import type { Json, JsonObject } from '../base/json.ts'
import type { JobTypeSchemaEntry } from '../contract/index.ts'
import { compileConfigSchema, UnusableSchemaError } from './compile.ts'
import { type ConfigProblem, type IsUnknown, problemsOf } from './problems.ts'

/** Checks configs against the JSON Schemas of their job types. Each schema is compiled once, when it is first needed. */
export interface ConfigChecker {
  /**
   * Compiles now what the first check would compile.
   * @throws UnusableSchemaError
   */
  prepare(entry: JobTypeSchemaEntry): void
  /**
   * Everything that the schema refuses of a config as it is sent, `job_type` included. What stands at or under a value
   * that `isUnknown` is left alone, and so is a verdict that depends on one.
   * @throws UnusableSchemaError
   */
  check(entry: JobTypeSchemaEntry, config: JsonObject, isUnknown: IsUnknown): ConfigProblem[]
}

/** A checker that has compiled nothing yet. It keeps what it compiles, by the identity of the entry. */
export function createConfigChecker(): ConfigChecker {
  const compiled = new Map<JobTypeSchemaEntry, ValidateFunction | UnusableSchemaError>()
  const validatorOf = (entry: JobTypeSchemaEntry): ValidateFunction => {
    const known = compiled.get(entry) ?? compileOrError(entry)
    compiled.set(entry, known)
    if (known instanceof UnusableSchemaError) throw known
    return known
  }
  return {
    prepare: (entry) => void validatorOf(entry),
    check(entry, config, isUnknown) {
      const validator = validatorOf(entry)
      return passes(validator, entry, config) ? [] : problemsOf(config, validator.errors ?? [], isUnknown)
    },
  }
}

function compileOrError(entry: JobTypeSchemaEntry): ValidateFunction | UnusableSchemaError {
  try {
    return compileConfigSchema(entry)
  } catch (error) {
    if (error instanceof UnusableSchemaError) return error
    throw error
  }
}

/**
 * What a schema refuses of a value of any type; without a value, nothing.
 * @throws UnusableSchemaError, whose `reason` says why
 */
export function checkValue(schema: JsonObject, value: Json | undefined): ConfigProblem[] {
  const entry = { job_type: 'value', json_schema: schema }
  const validator = compileConfigSchema(entry)
  if (value === undefined || passes(validator, entry, value)) return []
  return problemsOf(value, validator.errors ?? [], () => false)
}

/** A schema that refers to itself alone has no end, and a few odd ones make code that fails. */
function passes(
  validator: ValidateFunction,
  entry: Pick<JobTypeSchemaEntry, 'job_type'>,
  config: Json,
): boolean {
  try {
    return validator(config)
  } catch (error) {
    throw new UnusableSchemaError(entry.job_type, `it fails on a config (${messageOf(error)})`, {
      cause: error,
    })
  }
}
