import { refusedKeys } from '../base/json.ts'
import { type ASTNode, asComprehension, childrenOf } from './ast.ts'
import {
  allowedFunctions,
  allowedMethods,
  maxMacroNesting,
  scopeNames,
  statusFunctions,
} from './environment.ts'

/** Something an expression must not contain, found without evaluating it. */
export interface GuardProblem {
  code: string
  message: string
  fix: string
  start: number
  end: number
}

/** Taken: a macro's variable of such a name would hide what it stands for. */
const reservedVariables: ReadonlySet<string> = new Set([...refusedKeys, ...scopeNames, 'secrets'])

export function isForbiddenMember(name: string): boolean {
  return refusedKeys.has(name)
}

interface Walk {
  statusFunctions: boolean
  problems: GuardProblem[]
}

function add(walk: Walk, node: ASTNode, code: string, message: string, fix: string): void {
  walk.problems.push({ code, message, fix, start: node.start, end: node.end })
}

function checkMember(walk: Walk, node: ASTNode): void {
  const refuse = (name: string) =>
    add(
      walk,
      node,
      'expression_refused',
      `\`${name}\` is not accessible in an expression`,
      'name a property of the data itself',
    )
  if (node.op === '.' && refusedKeys.has(node.args[1])) refuse(node.args[1])
  const index = node.op === '[]' ? node.args[1] : undefined
  if (index?.op === 'value' && typeof index.args === 'string' && refusedKeys.has(index.args))
    refuse(index.args)
  if (node.op !== 'map') return
  for (const [key] of node.args) {
    if (key.op === 'value' && typeof key.args === 'string' && refusedKeys.has(key.args)) refuse(key.args)
  }
}

function checkCall(walk: Walk, node: ASTNode): void {
  if (node.op === 'call') {
    const name = node.args[0]
    const isStatus = (statusFunctions as readonly string[]).includes(name)
    if (allowedFunctions.has(name) || (isStatus && walk.statusFunctions)) return
    const fix = isStatus
      ? `use ${name}() in the step's \`if\`; a step's own status is steps.NAME.status`
      : `known functions: ${[...allowedFunctions].join(', ')}${walk.statusFunctions ? `, ${statusFunctions.join(', ')}` : ''}`
    add(walk, node, 'expression_unknown_function', `there is no function ${name}() here`, fix)
  }
  if (node.op === 'rcall' && !allowedMethods.has(node.args[0])) {
    const name = node.args[0]
    const message = refusedKeys.has(name)
      ? `\`${name}\` is not accessible in an expression`
      : `there is no method .${name}()`
    const code = refusedKeys.has(name) ? 'expression_refused' : 'expression_unknown_function'
    add(walk, node, code, message, `known methods: ${[...allowedMethods].join(', ')}`)
  }
}

function checkLiteral(walk: Walk, node: ASTNode): void {
  if (node.op !== 'value' || node.args === null || typeof node.args !== 'object') return
  add(
    walk,
    node,
    'expression_refused',
    'bytes and unsigned integers have no form in JSON',
    'write a string, or a number without the suffix `u`',
  )
}

function visit(walk: Walk, node: ASTNode, bound: readonly string[]): void {
  checkMember(walk, node)
  checkCall(walk, node)
  checkLiteral(walk, node)
  if (
    node.op === 'id' &&
    !bound.includes(node.args) &&
    !(scopeNames as readonly string[]).includes(node.args)
  ) {
    add(
      walk,
      node,
      'expression_unknown_name',
      `unknown name \`${node.args}\``,
      `names here: ${[...scopeNames, ...bound].join(', ')}; text needs quotes: '${node.args}'`,
    )
  }
  const macro = asComprehension(node)
  if (!macro) {
    for (const child of childrenOf(node)) visit(walk, child, bound)
    return
  }
  if (reservedVariables.has(macro.variable)) {
    add(
      walk,
      node,
      'expression_refused',
      `\`${macro.variable}\` cannot name the variable of a macro`,
      'choose another name, such as `x`',
    )
  }
  visit(walk, macro.receiver, bound)
  if (bound.length === maxMacroNesting) {
    add(
      walk,
      node,
      'expression_limit',
      `macros are nested more than ${maxMacroNesting} deep`,
      'move a part of the work into a step of its own',
    )
    return
  }
  for (const body of macro.bodies) visit(walk, body, [...bound, macro.variable])
}

/** Every problem of an expression that shows without its values; empty when it may be evaluated. */
export function guard(ast: ASTNode, options: { statusFunctions: boolean }): GuardProblem[] {
  const walk: Walk = { statusFunctions: options.statusFunctions, problems: [] }
  visit(walk, ast, [])
  return walk.problems
}
