import type { Environment } from '@marcbachmann/cel-js/evaluator'
import type { Json, PlanValue } from '../pipeline/plan/types.ts'
import { type ASTNode, asComprehension, childrenOf, staticPath } from './ast.ts'
import { fromCel, setOwn, toCel } from './convert.ts'
import { createEnvironment, type EnvironmentTypes, evaluationBudget, maxSourceLength } from './environment.ts'
import { ExpressionError, toExpressionError } from './errors.ts'
import { guard } from './guard.ts'
import { attachMeter, createMeter } from './meter.ts'

export { ExpressionError } from './errors.ts'

/** What the names in an expression stand for. Plain JSON; nothing of it is changed. */
export interface ExpressionScope {
  inputs: Record<string, Json>
  steps: Record<string, { status: string; outputs: Record<string, Json>; run?: Json; job?: Json }>
  /** Within one run of a `for_each` step. */
  item?: Json
  /** 0-based. */
  index?: number
  pipeline: { run_id: string; started_at: string; scheduled_for?: string }
}

/** Made by the first expression that needs it, and shared by all workflows of a worker; nothing in it changes afterwards. */
function onDemand(types: EnvironmentTypes): () => Environment {
  let made: Environment | undefined
  return () => {
    made ??= createEnvironment(types)
    return made
  }
}
const valueEnvironment = onDemand({ statusFunctions: false })
const conditionEnvironment = onDemand({ statusFunctions: true })

/** The parts of the scope that the expression names, so that large outputs nobody reads are not converted. */
function usedPaths(node: ASTNode, bound: readonly string[], found: string[][]): string[][] {
  const path = staticPath(node)
  if (path?.[0] !== undefined) {
    if (!bound.includes(path[0])) found.push(path)
    return found
  }
  const macro = asComprehension(node)
  const inner = macro ? [...bound, macro.variable] : bound
  for (const child of childrenOf(node))
    usedPaths(child, macro && child !== macro.receiver ? inner : bound, found)
  return found
}

/** Told of the work that an evaluation took, in steps of well under a microsecond. */
export type CountSteps = (steps: number) => void

/** `depth` levels of maps of which only the members on `paths` are taken. */
function convertUsed(value: Json, paths: string[][], depth: number, count: CountSteps): unknown {
  const isObject = value !== null && typeof value === 'object' && !Array.isArray(value)
  if (depth === 0 || !isObject || paths.some((path) => path.length === 0)) return toCel(value, count)
  const map = new Map<string, unknown>()
  for (const key of new Set(paths.map((path) => path[0] as string))) {
    if (!Object.hasOwn(value, key)) continue
    const inner = paths.filter((path) => path[0] === key).map((path) => path.slice(1))
    map.set(key, convertUsed(value[key] as Json, inner, depth - 1, count))
  }
  return map
}

function convertScope(scope: ExpressionScope, ast: ASTNode, count: CountSteps): Record<string, unknown> {
  const context: Record<string, unknown> = {}
  const paths = usedPaths(ast, [], [])
  const under = (name: string) => paths.filter((path) => path[0] === name).map((path) => path.slice(1))
  if (under('inputs').length > 0) context.inputs = convertUsed(scope.inputs, under('inputs'), 1, count)
  // steps → STEP → outputs → NAME
  if (under('steps').length > 0)
    context.steps = convertUsed(scope.steps as unknown as Json, under('steps'), 3, count)
  if (under('pipeline').length > 0) context.pipeline = toCel(scope.pipeline as Json, count)
  if (scope.item !== undefined && under('item').length > 0) context.item = toCel(scope.item, count)
  if (scope.index !== undefined) context.index = BigInt(scope.index)
  return context
}

function run(
  environment: Environment,
  source: string,
  scope: ExpressionScope,
  calls: ReadonlyMap<string, boolean>,
  count: CountSteps,
): Json {
  if (source.length > maxSourceLength) {
    throw new ExpressionError(
      'expression_limit',
      `an expression may have ${maxSourceLength} characters, this one has ${source.length}`,
    )
  }
  const meter = createMeter(evaluationBudget)
  try {
    const parsed = environment.parse(source)
    const problem = guard(parsed.ast, { statusFunctions: calls.size > 0 })[0]
    if (problem) throw new ExpressionError(problem.code, `${problem.message}; ${problem.fix}`, problem)
    attachMeter(parsed.ast, meter, calls)
    return fromCel(parsed(convertScope(scope, parsed.ast, count)), meter.spend)
  } catch (error) {
    const failure = toExpressionError(error)
    throw new ExpressionError(failure.code, `${failure.message} (in \`${excerpt(source)}\`)`, failure.range)
  } finally {
    // Parsing takes some time too, whatever the values.
    count(meter.spent() + source.length)
  }
}

function excerpt(source: string): string {
  return source.length > 200 ? `${source.slice(0, 200)}…` : source
}

const noCalls: ReadonlyMap<string, boolean> = new Map()
const nobody: CountSteps = () => {}

/**
 * The value of a CEL expression. Deterministic: the same source and scope give the same value everywhere.
 * Whole numbers are ints, so `7 / 2` is 3; write `double(7) / 2` for 3.5.
 * @throws ExpressionError
 */
export function evaluateExpression(source: string, scope: ExpressionScope, count: CountSteps = nobody): Json {
  return run(valueEnvironment(), source, scope, noCalls, count)
}

/** The outputs of steps that an expression reads; nothing for one that cannot be parsed. */
export function outputsReadBy(source: string): { step: string; name: string }[] {
  let ast: ASTNode
  try {
    ast = conditionEnvironment().parse(source).ast
  } catch {
    return []
  }
  return usedPaths(ast, [], []).flatMap(([root, step, member, name]) =>
    root === 'steps' && step !== undefined && member === 'outputs' && name !== undefined
      ? [{ step, name }]
      : [],
  )
}

function typeName(value: Json): string {
  if (value === null) return 'null'
  return Array.isArray(value) ? 'list' : typeof value
}

/**
 * An `if`: the expression may call `completed()`, `failed()` and `always()`, answered from `needs`.
 * It does not add the implied `completed()`.
 * @throws ExpressionError, `expression_type` when the result is not a boolean
 */
export function evaluateCondition(
  source: string,
  scope: ExpressionScope,
  needs: { completed: boolean; failed: boolean },
  count: CountSteps = nobody,
): boolean {
  const calls = new Map([
    ['completed', needs.completed],
    ['failed', needs.failed],
    ['always', true],
  ])
  const value = run(conditionEnvironment(), source, scope, calls, count)
  if (typeof value === 'boolean') return value
  throw new ExpressionError(
    'expression_type',
    `a condition must be true or false, \`${excerpt(source)}\` is of type ${typeName(value)}`,
  )
}

/** An expression's value inside text: text as it is, everything else as JSON (`null` is `null`). */
export function toText(value: Json): string {
  return typeof value === 'string' ? value : JSON.stringify(value)
}

const referenceKeys = new Set(['$secret', '$template', '$output'])

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
  const keys = Object.keys(value)
  const only = keys.length === 1 ? keys[0] : undefined
  if (only !== undefined && referenceKeys.has(only)) {
    throw new ExpressionError(
      'expression_refused',
      `a value holds an object whose only key is ${only}; that form is kept for references, which data cannot make`,
    )
  }
  for (const key of keys) refuseReferences(value[key] as Json)
}

function isOutputReference(value: Json): boolean {
  if (value === null || typeof value !== 'object' || Array.isArray(value)) return false
  const target = Object.keys(value).length === 1 ? value.$output : undefined
  if (target === null || typeof target !== 'object' || Array.isArray(target)) return false
  return (
    Object.keys(target).length === 2 &&
    typeof target.job_run_id === 'string' &&
    typeof target.name === 'string'
  )
}

function evaluateOutput(value: Json): Json {
  // A for_each step's output is the list of its items'.
  const parts = Array.isArray(value) ? value : [value]
  for (const part of parts) if (!isOutputReference(part)) refuseReferences(part)
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
 * A plan's value with its expressions evaluated. Secrets become references (contract/references.ts), and outputs
 * named whole become whatever `resolveOutput` says: a value, or `{"$output": {job_run_id, name}}`.
 * @throws ExpressionError, also for data that has the form of a reference
 */
export function evaluateValue(
  value: PlanValue,
  scope: ExpressionScope,
  resolveOutput: (step: string, name: string) => Json,
  count: CountSteps = nobody,
): Json {
  switch (value.kind) {
    case 'literal':
      return value.value
    case 'expression': {
      const result = evaluateExpression(value.source, scope, count)
      refuseReferences(result)
      return result
    }
    case 'text':
      return value.parts
        .map((part) =>
          typeof part === 'string' ? part : toText(evaluateExpression(part.source, scope, count)),
        )
        .join('')
    case 'list':
      return value.items.map((item) => evaluateValue(item, scope, resolveOutput, count))
    case 'object': {
      const result: Record<string, Json> = {}
      for (const entry of value.entries)
        setOwn(result, entry.key, evaluateValue(entry.value, scope, resolveOutput, count))
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
