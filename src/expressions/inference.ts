import { suggest } from '../base/suggest.ts'
import { type ASTNode, childrenOf, staticPath } from './ast.ts'
import type { ExpressionProblem } from './references.ts'
import { areDisjoint, describeShape, type ValueKind, type ValueShape } from './value-shape.ts'

/** What an expression is looked at with. */
export interface Inference {
  /** What is known of the names in reach, those of macros included. */
  names: ReadonlyMap<string, ValueShape>
  /** Names of macros. */
  bound: ReadonlySet<string>
  /** Fields that the expression asks for before it reads them: `has(x.field)`, `'field' in x`. */
  askedFor: ReadonlySet<string>
  /** What a step's status can be. */
  statuses: readonly string[]
  /** Whether the place is reached under a condition only, or an error there may be passed over. */
  conditional: boolean
  problems: ExpressionProblem[]
}

export const kindsOfNumbers: readonly ValueKind[] = ['integer', 'fraction']

export function sourceOf(node: ASTNode): string {
  return node.input.slice(node.start, node.end)
}

/** Names in `has(x.name)` and `'name' in x`, wherever they stand. */
export function fieldsAskedFor(node: ASTNode, found: Set<string> = new Set()): Set<string> {
  if (node.op === 'call' && node.args[0] === 'has')
    for (const each of node.args[1]) if (each.op === '.') found.add(each.args[1])
  if (node.op === 'in' && node.args[0].op === 'value' && typeof node.args[0].args === 'string')
    found.add(node.args[0].args)
  for (const child of childrenOf(node)) fieldsAskedFor(child, found)
  return found
}

export function within(inference: Inference, changes: Partial<Inference>): Inference {
  return { ...inference, ...changes }
}

export function report(
  inference: Inference,
  node: ASTNode,
  code: string,
  message: string,
  fix: string,
  severity?: 'warning',
): void {
  if (isExcused(inference, node)) return
  const { start, end } = node
  inference.problems.push({ code, message, fix, start, end, ...(severity ? { severity } : {}) })
}

/**
 * The items of a list that is written out are narrower than what its author had in mind: a condition that looks which
 * sort an item is of may well keep what follows from ever being evaluated.
 */
function isExcused(inference: Inference, node: ASTNode): boolean {
  return inference.conditional && readsItem(node)
}

function readsItem(node: ASTNode): boolean {
  return (node.op === 'id' && node.args === 'item') || childrenOf(node).some(readsItem)
}

/** Reports a value that is of none of these kinds for certain; whether it may be of one. `other`: the value beside it. */
export function need(
  inference: Inference,
  node: ASTNode,
  shape: ValueShape,
  kinds: readonly ValueKind[],
  what: string,
  other?: ValueShape,
): boolean {
  if (shape.kinds.size === 0 || kinds.some((kind) => shape.kinds.has(kind))) return true
  const message = other
    ? `${what} cannot take ${describeShape(shape)} and ${describeShape(other)}`
    : `${what} needs ${describeShape({ kinds: new Set(kinds) })}, but \`${sourceOf(node)}\` is ${describeShape(shape)}`
  const fix = other ? 'convert one side with string(…), int(…) or double(…)' : fixFor(kinds)
  report(inference, node, 'expression_type', message, fix)
  return false
}

function fixFor(kinds: readonly ValueKind[]): string {
  if (kinds.includes('boolean')) return 'compare it with something, such as `!= ""` or `> 0`'
  if (kinds.includes('map')) return 'read it as a whole'
  return kinds.includes('list') ? 'name a list' : 'convert it with string(…), int(…) or double(…)'
}

/** What other systems call them. */
const likelyMeant: readonly (readonly [RegExp, string])[] = [
  [/^(succe|done|finish|ok$|pass|complete)/i, 'completed'],
  [/^(err|fail|tim(e|ed).?out)/i, 'failed'],
  [/^(abort|cancel)/i, 'cancelled'],
  [/^queue/i, 'pending'],
  [/^in.?progress/i, 'running'],
]

/** Compares two values that can never be equal: a status with what is none, or one of a few values with another one. */
export function compare(
  inference: Inference,
  node: ASTNode,
  [left, a]: readonly [ASTNode, ValueShape],
  [right, b]: readonly [ASTNode, ValueShape],
): void {
  if (!areDisjoint(a, b)) return
  const status = isStatus(inference, left) ? b : isStatus(inference, right) ? a : undefined
  if (status && typeof status.constant === 'string') {
    const word = status.constant
    const meant = likelyMeant.find(([pattern]) => pattern.test(word))?.[1]
    const fix = meant ? `did you mean \`${meant}\`?` : suggest(word, inference.statuses)
    report(inference, node, 'unknown_status', `no step has the status \`${word}\``, fix)
    return
  }
  // Whoever asks for null wants to be sure, and each item may be compared with what another one is.
  if (isNull(a) || isNull(b) || readsItem(node)) return
  const message = `these two are never equal: ${describeShape(a)} and ${describeShape(b)}`
  report(inference, node, 'never_equal', message, 'compare with a value that can occur', 'warning')
}

const isNull = ({ kinds }: ValueShape): boolean => kinds.size === 1 && kinds.has('null')

function isStatus(inference: Inference, node: ASTNode): boolean {
  const path = staticPath(node)
  return path?.length === 3 && path[0] === 'steps' && path[2] === 'status' && !inference.bound.has('steps')
}
