import { type Json, jsonBytes } from '../../base/json.ts'
import { jsonPointer } from '../../base/json-pointer.ts'
import { jsonTextProblems } from '../../base/json-text.ts'
import { suggest } from '../../base/suggest.ts'
import { problemsOfInput } from '../../config-schema/index.ts'
import { limits } from '../../contract/index.ts'
import type { Finding } from '../nodes/findings.ts'
import { maxInputsBytes, type PipelinePlan, type PlanInput } from '../plan/index.ts'
import { hasType, sameJson, show, unsafePart } from './json-types.ts'

export interface ResolvedInputs {
  /** Every declared input that has a value; absent when there are findings. */
  inputs?: Record<string, Json>
  findings: Finding[]
}

interface Refusal {
  message: string
  fix: string
}

function parseJson(text: string): Json | undefined {
  return jsonTextProblems(text, limits.jsonDepth).length === 0 ? (JSON.parse(text) as Json) : undefined
}

/** Why text that is JSON was not taken as it is: a number that would change, a key that stands twice. */
function changedBy(given: Json): string | undefined {
  if (typeof given !== 'string') return undefined
  const problem = jsonTextProblems(given.trim(), limits.jsonDepth)[0]
  if (problem === undefined || problem.kind === 'malformed') return undefined
  return `${problem.path.length === 0 ? 'it' : jsonPointer(problem.path)} ${problem.detail}`
}

const examples: Record<PlanInput['type'], string> = {
  string: 'text',
  number: 'a number, such as 1.5',
  integer: 'a whole number, such as 42',
  boolean: 'true or false',
  array: `JSON such as '["a", "b"]'`,
  object: `JSON such as '{"a": 1}'`,
}

/** A value of the command line is text; what it means is the input's type's business. */
function parse(input: PlanInput, given: Json): Json | undefined {
  if (typeof given !== 'string' || input.type === 'string')
    return hasType(given, input.type) ? given : undefined
  // JSON.parse has the strict grammar that Number() lacks: '' is no number, nor is 0x10.
  const value = parseJson(given.trim())
  return value !== undefined && hasType(value, input.type) ? value : undefined
}

function refuse(input: PlanInput, given: Json): Refusal {
  const large = input.type === 'integer' && typeof given === 'string' && /^-?\d{16,}$/.test(given)
  const changed = input.type === 'integer' && large ? undefined : changedBy(given)
  return {
    message: `input \`${input.name}\` must be ${input.type === 'integer' || input.type === 'array' || input.type === 'object' ? 'an' : 'a'} ${input.type}, found ${show(given)}`,
    fix: changed
      ? `${changed}${input.type === 'integer' || input.type === 'number' ? ' (declare it as a string)' : ''}`
      : large
        ? 'whole numbers are exact up to 9007199254740991; declare it as a string'
        : `give ${examples[input.type]}`,
  }
}

function schemaRefusals({ name, schema }: PlanInput, value: Json): string[] {
  if (!schema) return []
  const found = problemsOfInput(schema, value)
  const problems = 'unusable' in found ? [` cannot be checked: ${found.unusable}`] : found.problems
  return problems.map((problem) => `input \`${name}\`${problem}`)
}

/**
 * The inputs of a run: what was given, checked against the plan, and defaults for the rest. Text given for an input
 * of another type is read as that type (`"5"` for a number, JSON for arrays and objects).
 *
 * @example
 * ```ts
 * import { resolveInputs } from 'jobwright'
 *
 * const { inputs, findings } = resolveInputs(plan, { units: ['pump', 'fan'], limit: '5' })
 * if (!inputs) throw new Error(findings.map(({ message, fix }) => `${message}; ${fix}`).join('\n'))
 * ```
 */
export function resolveInputs(
  plan: Pick<PipelinePlan, 'name' | 'inputs'>,
  given: Readonly<Record<string, string | Json>>,
): ResolvedInputs {
  const findings: Finding[] = []
  const add = (code: string, message: string, fix: string) => {
    findings.push({ code, severity: 'error', file: plan.name, line: 1, column: 1, message, fix })
  }
  if (typeof given !== 'object' || given === null || Array.isArray(given)) {
    add('wrong_type', 'the inputs are no object', 'give an object with a value for each input')
    return { findings }
  }
  const names = plan.inputs.map((input) => input.name)
  for (const name of Object.keys(given)) {
    if (!names.includes(name))
      add(
        'unknown_input',
        `pipeline \`${plan.name}\` has no input \`${name}\``,
        suggest(name, names, 'it has no inputs'),
      )
  }
  const entries: [string, Json][] = []
  for (const input of plan.inputs) {
    if (!Object.hasOwn(given, input.name)) {
      if (input.default !== undefined) entries.push([input.name, input.default])
      else
        add(
          'missing_input',
          `input \`${input.name}\` (${input.type}) is required`,
          `give it: -i ${input.name}=…`,
        )
      continue
    }
    const raw = given[input.name] as Json
    const value = parse(input, raw)
    if (value === undefined) {
      const { message, fix } = refuse(input, raw)
      add('wrong_input', message, fix)
    } else if (unsafePart(value)) {
      add('wrong_input', `input \`${input.name}\` is refused: ${unsafePart(value) ?? ''}`, 'remove it')
    } else if (input.enum && !input.enum.some((allowed) => sameJson(allowed, value))) {
      add(
        'wrong_input',
        `input \`${input.name}\` cannot be ${show(value)}`,
        `allowed: ${input.enum.map(show).join(', ')}`,
      )
    } else {
      const refusals = schemaRefusals(input, value)
      for (const refusal of refusals) add('wrong_input', refusal, 'see the schema of the input')
      if (refusals.length === 0) entries.push([input.name, value])
    }
  }
  const bytes = jsonBytes(Object.fromEntries(entries))
  if (bytes > maxInputsBytes)
    add(
      'inputs_too_large',
      `the inputs have ${bytes} bytes; at most ${maxInputsBytes} are allowed`,
      'push large data as documents, and give their names',
    )
  return findings.length > 0 ? { findings } : { inputs: Object.fromEntries(entries), findings }
}
