import { type ASTNode, asComprehension, childrenOf } from './ast.ts'
import { evaluationBudget } from './environment.ts'

/** How deeply an expression loops: macros inside macros; `matches` walks its text, and so counts as one. */
export function loopDepth(node: ASTNode): number {
  const inner = Math.max(0, ...childrenOf(node).map(loopDepth))
  return asComprehension(node) || isMatch(node) ? inner + 1 : inner
}

function isMatch(node: ASTNode): boolean {
  return (node.op === 'rcall' || node.op === 'call') && node.args[0] === 'matches'
}

/** Of the `nodes` of source and data together: a loop goes over all of them with a body of some, a loop in a loop over their pairs. */
export function weightOf(nodes: number, depth: number): number {
  const steps = depth === 0 ? nodes : depth === 1 ? 8 * nodes : nodes * nodes
  return Math.min(evaluationBudget, steps)
}
