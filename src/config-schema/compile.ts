import { Ajv2020, type ValidateFunction } from 'ajv/dist/2020.js'
import ajvFormats from 'ajv-formats'
import { RE2JS } from 're2js'
import { JobwrightError } from '../base/errors.ts'
import type { JobTypeSchemaEntry } from '../contract/index.ts'

/** A job type whose JSON Schema no config can be checked against: which, and why. */
export class UnusableSchemaError extends JobwrightError {
  override readonly name = 'UnusableSchemaError'
  /** What is wrong with the schema, without the job type. */
  readonly reason: string

  constructor(jobType: string, reason: string, options: { cause?: unknown } = {}) {
    super({
      code: 'unusable_job_type_schema',
      fault: 'usage',
      message: `The config schema of job type ${jobType} cannot be used: ${reason}`,
      cause: options.cause,
    })
    this.reason = reason
  }
}

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

/**
 * The config schema of a job type as a function. Takes some 15 ms.
 * @throws UnusableSchemaError
 */
export function compileConfigSchema(
  entry: Pick<JobTypeSchemaEntry, 'job_type' | 'json_schema'>,
): ValidateFunction {
  // An instance each: two job types may give their schemas the same $id.
  const ajv = new Ajv2020({
    allErrors: true,
    // An error then knows the schema it came from, and so which fields there are.
    verbose: true,
    strict: false,
    logger: false,
    code: { regExp: linearPattern },
  })
  ajvFormats.default(ajv)
  try {
    // Nothing loads schemas from elsewhere, so a remote $ref fails here.
    return ajv.compile(entry.json_schema)
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error)
    throw new UnusableSchemaError(entry.job_type, reason, { cause: error })
  }
}
