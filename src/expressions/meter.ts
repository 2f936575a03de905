import { RE2JS } from 're2js'
import { type ASTNode, asComprehension, childrenOf } from './ast.ts'
import { callWithCharacters, countsCharacters } from './characters.ts'
import { fromCel } from './convert.ts'
import { ExpressionError } from './errors.ts'

/**
 * Bounds what an evaluation costs, and takes over the calls that the library must not make itself.
 * The library evaluates through `node.evaluate`; an accessor of our own on every node of the tree counts the calls.
 */
type Evaluate = (evaluator: unknown, node: ASTNode, context: unknown) => unknown
type MeteredNode = { evaluate: Evaluate }

export interface Meter {
  spend(steps: number): void
  /** Nodes of a value, with long text counted by its length; each container is measured once. */
  weigh(value: unknown): number
  spent(): number
}

export function createMeter(budget: number): Meter {
  let left = budget
  const known = new WeakMap<object, number>()
  const spend = (steps: number) => {
    left -= steps
    if (left < 0) {
      throw new ExpressionError(
        'expression_limit',
        `the expression needs more than ${budget} steps; move a part of the work into a step of its own`,
      )
    }
  }
  const weigh = (value: unknown): number => {
    if (typeof value === 'string') return 1 + (value.length >> 6)
    if (value === null || typeof value !== 'object') return 1
    const seen = known.get(value)
    if (seen !== undefined) return seen
    let total = 1
    const parts = Array.isArray(value) ? value : value instanceof Map ? value.values() : Object.values(value)
    for (const part of parts) total += weigh(part)
    known.set(value, total)
    return total
  }
  return { spend, weigh, spent: () => budget - left }
}

/** Nodes whose operands are compared, copied or searched as a whole. */
function weighsOperands(node: ASTNode): boolean {
  return (
    node.op === '==' ||
    node.op === '!=' ||
    node.op === 'in' ||
    node.op === '+' ||
    node.op === 'call' ||
    (node.op === 'rcall' && !asComprehension(node))
  )
}

const maxPatternLength = 1000
/** Instructions of a compiled pattern times characters, per step of the budget. */
const patternWorkPerStep = 8

function matches(text: unknown, pattern: unknown, meter: Meter): boolean {
  if (typeof text !== 'string' || typeof pattern !== 'string') {
    throw new ExpressionError(
      'expression_type',
      `matches() needs two strings, found ${typeof text} and ${typeof pattern}`,
    )
  }
  if (pattern.length > maxPatternLength) {
    throw new ExpressionError(
      'expression_limit',
      `a pattern may have ${maxPatternLength} characters, this one has ${pattern.length}`,
    )
  }
  try {
    const compiled = RE2JS.compile(pattern)
    meter.spend(Math.ceil((compiled.programSize() * (text.length + 16)) / patternWorkPerStep))
    return compiled.matcher(text).find()
  } catch (error) {
    if (error instanceof ExpressionError) throw error
    throw new ExpressionError(
      'expression_failed',
      `invalid pattern ${JSON.stringify(pattern)}: RE2 syntax is expected, which has no backreferences and no lookaround`,
    )
  }
}

/** What the library is not to answer: the status functions, and where it counts text in UTF-16 units. */
export interface TakenOver {
  calls: ReadonlyMap<string, boolean>
  characters: boolean
}

function takeOver(node: ASTNode, meter: Meter, { calls, characters }: TakenOver): Evaluate | undefined {
  const run = (child: ASTNode, evaluator: unknown, context: unknown) =>
    (child as unknown as MeteredNode).evaluate(evaluator, child, context)
  if (node.op === 'rcall' && node.args[0] === 'matches') {
    const [, receiver, [pattern]] = node.args
    if (!pattern) return undefined
    return (evaluator, _node, context) =>
      matches(run(receiver, evaluator, context), run(pattern, evaluator, context), meter)
  }
  if (node.op === 'rcall' && characters && countsCharacters(node.args[0])) {
    const [method, receiver, args] = node.args
    return (evaluator, _node, context) => {
      const text = run(receiver, evaluator, context)
      const operands = args.map((argument) => run(argument, evaluator, context))
      if (typeof text === 'string') meter.spend(text.length >> 3)
      return callWithCharacters(method, text, operands)
    }
  }
  if (node.op !== 'call') return undefined
  const [name, [argument]] = node.args
  if (name === 'json' && argument) {
    return (evaluator, _node, context) =>
      JSON.stringify(fromCel(run(argument, evaluator, context), meter.spend))
  }
  const constant = calls.get(name)
  return constant === undefined ? undefined : () => constant
}

/** Prepares a parsed expression for one evaluation. */
export function attachMeter(node: ASTNode, meter: Meter, takenOver: TakenOver, weighed = false): void {
  const replacement = takeOver(node, meter, takenOver)
  let inner: Evaluate = replacement ?? (node as unknown as MeteredNode).evaluate
  const metered: Evaluate = (evaluator, _node, context) => {
    meter.spend(1)
    const value = inner.call(node, evaluator, node, context)
    if (weighed) meter.spend(meter.weigh(value))
    return value
  }
  Object.defineProperty(node, 'evaluate', {
    configurable: true,
    get: () => metered,
    // The library replaces its own entry function by a faster one on first use.
    set: (next: Evaluate) => {
      if (!replacement) inner = next
    },
  })
  const weighChildren = weighsOperands(node)
  for (const child of childrenOf(node)) attachMeter(child, meter, takenOver, weighChildren)
}
