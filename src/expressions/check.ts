import type { Environment, ParseResult } from '@marcbachmann/cel-js'
import { type ASTNode, staticPath } from './ast.ts'
import { createEnvironment, type InputType, maxSourceLength } from './environment.ts'
import { toExpressionError } from './errors.ts'
import { guard } from './guard.ts'
import { infer } from './infer.ts'
import { fieldsAskedFor } from './inference.ts'
import {
  type Analysis,
  analyseNames,
  type ExpressionProblem,
  type ExpressionReferences,
  noReferences,
  type ScopeShape,
  wholeReference,
} from './references.ts'
import { shapeOfKinds, type ValueShape } from './value-shape.ts'

export type { ExpressionProblem, ExpressionReferences, KnownValues, ScopeShape } from './references.ts'

export interface CheckedExpression {
  problems: ExpressionProblem[]
  references: ExpressionReferences
  /** The type that CEL infers (`bool`, `list`, `dyn`, …); absent with problems. */
  type?: string
  /** What its value can be, by what is known of the values that it reads; absent with problems. */
  shape?: ValueShape
}

export type ExpressionChecker = (source: string, shape: ScopeShape) => CheckedExpression

const celTypes: Record<InputType, string> = {
  string: 'string',
  integer: 'int',
  // A whole number arrives as an int, another one as a double.
  number: 'dyn',
  boolean: 'bool',
  array: 'list',
  object: 'map',
}

function syntaxProblem(source: string, error: unknown): ExpressionProblem {
  const failure = toExpressionError(error)
  const start = Math.min(failure.range?.start ?? 0, source.length)
  const fix =
    failure.code === 'expression_limit' ? 'make the expression smaller' : 'correct the CEL expression'
  return {
    code: failure.code,
    message: failure.message,
    fix,
    start,
    end: failure.range?.end ?? source.length,
  }
}

function typeFix(source: string, message: string): string {
  if (message.includes('Ternary branches')) return 'give both branches one type, or wrap one in dyn(…)'
  if (message.includes('+') && message.includes('string')) return 'convert the other side with string(…)'
  if (message.includes('= null') || message.includes(': null'))
    return 'use has(…) to ask whether a value is there'
  return source.includes('===')
    ? 'CEL compares with =='
    : 'convert with string(…), int(…) or double(…), or compare equal types'
}

function checkTypes(
  environment: Environment,
  source: string,
): { problem?: ExpressionProblem; type?: string } {
  const result = environment.check(source)
  if (result.valid) return { type: result.type ?? 'dyn' }
  const failure = toExpressionError(result.error)
  const range = failure.range ?? { start: 0, end: source.length }
  return {
    problem: {
      code: 'expression_type',
      message: failure.message,
      fix: typeFix(source, failure.message),
      ...range,
    },
  }
}

interface Environments {
  /** Knows the types of the inputs; `inputs` as a whole is no map there. */
  typed: Environment
  plain: Environment
}

function analyse(environments: Environments, source: string, shape: ScopeShape): CheckedExpression {
  const references = noReferences()
  if (source.length > maxSourceLength) {
    const message = `an expression may have ${maxSourceLength} characters, this one has ${source.length}`
    return {
      references,
      problems: [
        {
          code: 'expression_limit',
          message,
          fix: 'make the expression smaller',
          start: 0,
          end: source.length,
        },
      ],
    }
  }
  let parsed: ParseResult
  try {
    parsed = environments.plain.parse(source)
  } catch (error) {
    return { references, problems: [syntaxProblem(source, error)] }
  }
  const whole = wholeReference(staticPath(parsed.ast))
  if (whole?.kind === 'secret' && shape.secrets)
    return { problems: [], references: { ...references, whole }, type: 'dyn', shape: shapeOfKinds('string') }
  const analysis: Analysis = { shape, problems: [], references, wholeInputs: false }
  analyseNames(analysis, parsed.ast, [])
  const guarded = guard(parsed.ast, { statusFunctions: shape.statusFunctions })
  const problems = [...guarded.filter((problem) => !isAboutSecrets(problem, source)), ...analysis.problems]
  if (problems.length > 0) return { problems, references }
  const { problem, type } = checkTypes(analysis.wholeInputs ? environments.plain : environments.typed, source)
  if (problem) return { problems: [problem], references }
  const { found, value } = inferValue(parsed.ast, shape)
  return {
    problems: found,
    references: whole ? { ...references, whole } : references,
    ...(type === undefined ? {} : { type }),
    // What is wrong in itself says nothing of what was meant.
    ...(found.some(({ severity }) => severity === undefined) ? {} : { shape: value }),
  }
}

/** What the values that are known say of the whole, and of its parts. */
function inferValue(ast: ASTNode, { known }: ScopeShape): { found: ExpressionProblem[]; value: ValueShape } {
  const names = new Map<string, ValueShape>([
    ['index', shapeOfKinds('integer')],
    ['pipeline', shapeOfKinds('map')],
  ])
  if (known) names.set('inputs', known.inputs).set('steps', known.steps)
  if (known?.item) names.set('item', known.item)
  const found: ExpressionProblem[] = []
  const value = infer(
    {
      names,
      bound: new Set(),
      askedFor: fieldsAskedFor(ast),
      statuses: known?.statuses ?? [],
      conditional: false,
      problems: found,
    },
    ast,
  )
  return { found, value }
}

/** `secrets` has better advice than "unknown name". */
function isAboutSecrets(problem: { code: string; start: number; end: number }, source: string): boolean {
  return problem.code === 'expression_unknown_name' && source.slice(problem.start, problem.end) === 'secrets'
}

/**
 * A checker for the expressions of one file, whose inputs have these types. Everything is found without
 * evaluating: syntax, unknown names, steps that are not needed, types as far as they are declared.
 */
export function createExpressionChecker(inputs: ReadonlyMap<string, InputType>): ExpressionChecker {
  const types = new Map([...inputs].map(([name, type]) => [name, celTypes[type]]))
  const build = (withStatus: boolean): Environments => ({
    typed: createEnvironment({ inputs: types, statusFunctions: withStatus }),
    plain: createEnvironment({ statusFunctions: withStatus }),
  })
  const conditions = build(true)
  const values = build(false)
  return (source, shape) => analyse(shape.statusFunctions ? conditions : values, source, shape)
}

/** Checks a single expression; for many of one file, keep a checker. */
export function checkExpression(source: string, shape: ScopeShape): CheckedExpression {
  return createExpressionChecker(shape.inputs)(source, shape)
}
