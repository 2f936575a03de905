import type { Environment } from '@marcbachmann/cel-js/evaluator'
import type { Json } from '../base/json.ts'
import { type ASTNode, asComprehension, childrenOf, staticPath } from './ast.ts'
import { fromCel, toCel } from './convert.ts'
import { createEnvironment, type EnvironmentTypes, evaluationBudget, maxSourceLength } from './environment.ts'
import { ExpressionError, toExpressionError } from './errors.ts'
import { guard } from './guard.ts'
import { attachMeter, createMeter } from './meter.ts'
import { loopDepth, weightOf } from './weight.ts'

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
  /** Positions in text count characters. Runs of older plans count UTF-16 units to their end. */
  characters?: boolean
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

/**
 * Told how much an evaluation weighs: about the steps it may take at most. It follows from the source and from the data
 * that the source names, never from how the evaluator goes about it, for timers of workflows hang on it.
 */
export type Weigh = (weight: number) => void

/** Told of the values that were converted. */
type CountNodes = (nodes: number) => void

/** `depth` levels of maps of which only the members on `paths` are taken. */
function convertUsed(value: Json, paths: string[][], depth: number, count: CountNodes): unknown {
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

function convertScope(scope: ExpressionScope, ast: ASTNode, count: CountNodes): Record<string, unknown> {
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
  weigh: Weigh,
): Json {
  if (source.length > maxSourceLength) {
    throw new ExpressionError(
      'expression_limit',
      `an expression may have ${maxSourceLength} characters, this one has ${source.length}`,
    )
  }
  const meter = createMeter(evaluationBudget)
  let nodes = 0
  let depth = 0
  try {
    const parsed = environment.parse(source)
    depth = loopDepth(parsed.ast)
    const problem = guard(parsed.ast, { statusFunctions: calls.size > 0 })[0]
    if (problem) throw new ExpressionError(problem.code, `${problem.message}; ${problem.fix}`, problem)
    attachMeter(parsed.ast, meter, { calls, characters: scope.characters === true })
    const data = convertScope(scope, parsed.ast, (converted) => {
      nodes += converted
    })
    return fromCel(parsed(data), meter.spend)
  } catch (error) {
    const failure = toExpressionError(error)
    throw new ExpressionError(failure.code, `${failure.message} (in \`${excerpt(source)}\`)`, failure.range)
  } finally {
    // Parsing takes some time too, whatever the values.
    weigh(weightOf(source.length + nodes, depth))
  }
}

function excerpt(source: string): string {
  return source.length > 200 ? `${source.slice(0, 200)}…` : source
}

const noCalls: ReadonlyMap<string, boolean> = new Map()
const nobody: Weigh = () => {}

/**
 * The value of a CEL expression. Deterministic: the same source and scope give the same value everywhere.
 * Whole numbers are ints, so `7 / 2` is 3; write `double(7) / 2` for 3.5.
 * @throws ExpressionError
 */
export function evaluateExpression(source: string, scope: ExpressionScope, weigh: Weigh = nobody): Json {
  return run(valueEnvironment(), source, scope, noCalls, weigh)
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
 * An `if`: the expression may call `completed()`, `failed()`, `always()` and `cancelled()`, answered from `known`.
 * It does not add the implied `completed()`.
 * @throws ExpressionError, `expression_type` when the result is not a boolean
 */
export function evaluateCondition(
  source: string,
  scope: ExpressionScope,
  known: { completed: boolean; failed: boolean; cancelled?: boolean },
  weigh: Weigh = nobody,
): boolean {
  const calls = new Map([
    ['completed', known.completed],
    ['failed', known.failed],
    ['always', true],
    ['cancelled', known.cancelled ?? false],
  ])
  const value = run(conditionEnvironment(), source, scope, calls, weigh)
  if (typeof value === 'boolean') return value
  throw new ExpressionError(
    'expression_type',
    `a condition must be true or false, \`${excerpt(source)}\` is of type ${typeName(value)}`,
  )
}
