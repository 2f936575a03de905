import type { ASTNode } from '@marcbachmann/cel-js'

export type { ASTNode }

/** The macros that bind a variable; `has` binds none. */
export const comprehensionMacros: ReadonlySet<string> = new Set([
  'all',
  'exists',
  'exists_one',
  'map',
  'filter',
])

/** A comprehension written `list.macro(variable, body…)`. */
export interface Comprehension {
  receiver: ASTNode
  variable: string
  bodies: ASTNode[]
}

export function asComprehension(node: ASTNode): Comprehension | undefined {
  if (node.op !== 'rcall') return undefined
  const [name, receiver, args] = node.args
  const [variable, ...bodies] = args
  if (!comprehensionMacros.has(name) || variable?.op !== 'id' || bodies.length === 0) return undefined
  return { receiver, variable: variable.args, bodies }
}

/** The operands of a node, in source order; the variable of a comprehension is not one. */
export function childrenOf(node: ASTNode): ASTNode[] {
  switch (node.op) {
    case 'value':
    case 'id':
      return []
    case '.':
    case '.?':
      return [node.args[0]]
    case 'call':
      return node.args[1]
    case 'rcall': {
      const macro = asComprehension(node)
      return macro ? [macro.receiver, ...macro.bodies] : [node.args[1], ...node.args[2]]
    }
    case 'list':
      return node.args
    case 'map':
      return node.args.flat()
    case '!_':
    case '-_':
      return [node.args]
    default:
      return [...node.args]
  }
}

/** `a.b['c']` as `['a', 'b', 'c']`: the longest chain of constant names that starts at an identifier. */
export function staticPath(node: ASTNode): string[] | undefined {
  if (node.op === 'id') return [node.args]
  if (node.op === '.') {
    const base = staticPath(node.args[0])
    return base && [...base, node.args[1]]
  }
  if (node.op === '[]' && node.args[1].op === 'value' && typeof node.args[1].args === 'string') {
    const base = staticPath(node.args[0])
    return base && [...base, node.args[1].args]
  }
  return undefined
}
