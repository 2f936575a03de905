import { Environment } from '@marcbachmann/cel-js/evaluator'

/** Structural limits of one expression; the parser enforces them. */
export const expressionLimits = {
  maxAstNodes: 1000,
  maxDepth: 50,
  maxListElements: 200,
  maxMapEntries: 200,
  maxCallArguments: 8,
} as const

export const maxSourceLength = 8192

/**
 * What an evaluation may cost: nodes evaluated plus the size of what they compare, copy, search or return.
 * A step takes well under a microsecond, so the whole stays far from the workflow's deadlock detector (2 s).
 */
export const evaluationBudget = 1_000_000

/** How deep comprehensions may be nested: every level multiplies the work. */
export const maxMacroNesting = 2

/** The names an expression may start from; what they hold is ExpressionScope. */
export const scopeNames = ['inputs', 'steps', 'item', 'index', 'pipeline'] as const

export const statusFunctions = ['completed', 'failed', 'always', 'cancelled'] as const
export type StatusFunction = (typeof statusFunctions)[number]
/** What a declared input can be. */
export type InputType = 'string' | 'number' | 'integer' | 'boolean' | 'array' | 'object'

/**
 * Functions and methods that may be called. A list of the allowed ones, because the library also has some that
 * depend on the time zone of the process (timestamps), which would break the replay of a workflow.
 */
export const allowedFunctions: ReadonlySet<string> = new Set([
  'size',
  'string',
  'int',
  'double',
  'bool',
  'dyn',
  'has',
  'json',
])
export const allowedMethods: ReadonlySet<string> = new Set([
  'size',
  'startsWith',
  'endsWith',
  'contains',
  'lowerAscii',
  'upperAscii',
  'trim',
  'indexOf',
  'lastIndexOf',
  'substring',
  'matches',
  'split',
  'join',
  'all',
  'exists',
  'exists_one',
  'map',
  'filter',
])

/** Types of the variables, in CEL's words; everything unknown is `dyn`. */
export interface EnvironmentTypes {
  /** Input name → CEL type. Without it, `inputs` is a map of anything. */
  inputs?: ReadonlyMap<string, string>
  /** True for an `if`: then the status functions exist. */
  statusFunctions: boolean
}

function replaced(): never {
  throw new Error('this function is evaluated by the meter')
}

/** JSON has one kind of number, CEL has two: arithmetic between them is a double, as a reader expects. */
function registerMixedArithmetic(environment: Environment): void {
  const pairs = [
    ['double', 'int'],
    ['int', 'double'],
  ]
  for (const [left, right] of pairs) {
    environment.registerOperator(`${left} + ${right}: double`, (a, b) => Number(a) + Number(b))
    environment.registerOperator(`${left} - ${right}: double`, (a, b) => Number(a) - Number(b))
    environment.registerOperator(`${left} * ${right}: double`, (a, b) => Number(a) * Number(b))
    environment.registerOperator(`${left} / ${right}: double`, (a, b) => Number(a) / Number(b))
  }
  environment.registerOperator('int == double', (a, b) => Number(a) === Number(b))
}

/** A CEL environment with our variables, limits and functions. Building one takes about a millisecond. */
export function createEnvironment(types: EnvironmentTypes): Environment {
  const environment = new Environment({
    homogeneousAggregateLiterals: false,
    limits: { ...expressionLimits },
  })
  if (types.inputs && types.inputs.size > 0) {
    environment.registerVariable({ name: 'inputs', schema: Object.fromEntries(types.inputs) })
  } else environment.registerVariable('inputs', 'map')
  environment.registerVariable('steps', 'map')
  environment.registerVariable('item', 'dyn')
  environment.registerVariable('index', 'int')
  environment.registerVariable('pipeline', 'map<string, string>')
  registerMixedArithmetic(environment)
  environment.registerFunction('json(dyn): string', { handler: replaced, async: false })
  if (types.statusFunctions) {
    for (const name of statusFunctions)
      environment.registerFunction(`${name}(): bool`, { handler: replaced, async: false })
  }
  return environment
}
