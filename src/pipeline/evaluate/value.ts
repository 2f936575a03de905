import { type Json, setOwn } from '../../base/json.ts'
import { isOutputValueReference, referenceKeyOf } from '../../contract/jobs/references.ts'
import {
  ExpressionError,
  type ExpressionScope,
  evaluateExpression,
  type Weigh,
} from '../../expressions/evaluate.ts'
import type { PlanValue } from '../plan/types.ts'

/** An expression's value inside text: text as it is, everything else as JSON (`null` is `null`). */
function toText(value: Json): string {
  return typeof value === 'string' ? value : JSON.stringify(value)
}

/**
 * Data must never pass for one of our references: a job's output that says {"$secret": …} would otherwise make
 * the next job's worker hand over that secret.
 */
export function refuseReferences(value: Json): void {
  if (value === null || typeof value !== 'object') return
  if (Array.isArray(value)) {
    for (const item of value) refuseReferences(item)
    return
  }
  const key = referenceKeyOf(value)
  if (key !== undefined)
    throw new ExpressionError(
      'expression_refused',
      `a value holds an object whose only key is ${key}; that form is kept for references, which data cannot make`,
    )
  for (const part of Object.values(value)) refuseReferences(part)
}

function evaluateOutput(value: Json): Json {
  // A for_each step's output is the list of its items'.
  const parts = Array.isArray(value) ? value : [value]
  for (const part of parts) if (!isOutputValueReference(part)) refuseReferences(part)
  return value
}

function evaluateSecret(parts: (string | { secret: string })[]): Json {
  const references = parts.map((part): Json => (typeof part === 'string' ? part : { $secret: part.secret }))
  const [first] = references
  return references.length === 1 && first !== undefined && typeof first !== 'string'
    ? first
    : { $template: references }
}

/**
 * A plan's value with its expressions evaluated. Secrets become references (`contract/jobs/references.ts`), and outputs
 * named whole become whatever `resolveOutput` says: a value, or `{"$output": {job_run_id, name}}`.
 * @throws ExpressionError, also for data that has the form of a reference
 */
export function evaluateValue(
  value: PlanValue,
  scope: ExpressionScope,
  resolveOutput: (step: string, name: string) => Json,
  weigh: Weigh = () => {},
): Json {
  switch (value.kind) {
    case 'literal':
      return value.value
    case 'expression': {
      const result = evaluateExpression(value.source, scope, weigh)
      refuseReferences(result)
      return result
    }
    case 'text':
      return value.parts
        .map((part) =>
          typeof part === 'string' ? part : toText(evaluateExpression(part.source, scope, weigh)),
        )
        .join('')
    case 'list':
      return value.items.map((item) => evaluateValue(item, scope, resolveOutput, weigh))
    case 'object': {
      const result: Record<string, Json> = {}
      for (const entry of value.entries)
        setOwn(result, entry.key, evaluateValue(entry.value, scope, resolveOutput, weigh))
      return result
    }
    case 'output':
      return evaluateOutput(resolveOutput(value.step, value.name))
    case 'secret':
      return evaluateSecret(value.parts)
    default:
      return assertExhaustive(value)
  }
}

function assertExhaustive(value: never): never {
  throw new Error(`unknown kind of plan value: ${JSON.stringify(value)}`)
}
