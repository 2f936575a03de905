import type { Environment, ParseResult } from '@marcbachmann/cel-js'
import type { PlanInput, StatusFunction } from '../pipeline/plan/types.ts'
import { type ASTNode, asComprehension, childrenOf, staticPath } from './ast.ts'
import { createEnvironment, maxSourceLength, statusFunctions } from './environment.ts'
import { toExpressionError } from './errors.ts'
import { guard } from './guard.ts'
import { suggest } from './suggest.ts'

/** A problem of one expression; offsets are UTF-16 code units of its source. */
export interface ExpressionProblem {
  code: string
  message: string
  fix: string
  start: number
  end: number
}

/** What an expression may name, at the place where it stands. */
export interface ScopeShape {
  inputs: ReadonlyMap<string, PlanInput['type']>
  /** Every step of the file; `outputs` are the names that its job type declares, when that is known. */
  steps: ReadonlyMap<string, { outputs?: readonly string[] }>
  /** The step that the expression belongs to; absent for the pipeline's outputs. */
  self?: string
  /** What that step needs, directly or not; absent when every step may be read. */
  reachable?: ReadonlySet<string>
  /** True where `item` and `index` exist. */
  item: boolean
  /** True in an `if`. */
  statusFunctions: boolean
  /** True in a `config`. */
  secrets: boolean
}

/** What an expression reads. */
export interface ExpressionReferences {
  inputs: string[]
  outputs: { step: string; name: string }[]
  /** Steps of which `run` or `job` is read. */
  runs: string[]
  /** Steps named at all. */
  steps: string[]
  statusFunctions: StatusFunction[]
  /** The whole expression is one reference that needs no evaluation. */
  whole?: { kind: 'output'; step: string; name: string } | { kind: 'secret'; name: string }
}

export interface CheckedExpression {
  problems: ExpressionProblem[]
  references: ExpressionReferences
  /** The type that CEL infers (`bool`, `list`, `dyn`, …); absent with problems. */
  type?: string
}

export type ExpressionChecker = (source: string, shape: ScopeShape) => CheckedExpression

const celTypes: Record<PlanInput['type'], string> = {
  string: 'string',
  integer: 'int',
  // A whole number arrives as an int, another one as a double.
  number: 'dyn',
  boolean: 'bool',
  array: 'list',
  object: 'map',
}

interface Analysis {
  shape: ScopeShape
  problems: ExpressionProblem[]
  references: ExpressionReferences
  wholeInputs: boolean
}

const stepMembers = ['status', 'outputs', 'run', 'job']
const pipelineMembers = ['run_id', 'started_at', 'scheduled_for']
const noReferences = (): ExpressionReferences => ({
  inputs: [],
  outputs: [],
  runs: [],
  steps: [],
  statusFunctions: [],
})

function add(analysis: Analysis, node: ASTNode, code: string, message: string, fix: string): void {
  analysis.problems.push({ code, message, fix, start: node.start, end: node.end })
}

function addUnique<T>(list: T[], value: T, same: (a: T, b: T) => boolean = (a, b) => a === b): void {
  if (!list.some((each) => same(each, value))) list.push(value)
}

function checkStepName(analysis: Analysis, node: ASTNode, step: string): boolean {
  const { shape } = analysis
  if (!shape.steps.has(step)) {
    add(analysis, node, 'unknown_step', `there is no step \`${step}\``, suggest(step, shape.steps.keys()))
    return false
  }
  if (step === shape.self) {
    add(
      analysis,
      node,
      'step_reads_itself',
      `step \`${step}\` reads itself, before it has run`,
      'name a step that it needs',
    )
    return false
  }
  if (shape.reachable && !shape.reachable.has(step)) {
    const fix = `add \`${step}\` to the \`needs\` of \`${shape.self ?? 'this step'}\``
    add(
      analysis,
      node,
      'step_not_needed',
      `step \`${step}\` is read here but not needed, so it may not have run yet`,
      fix,
    )
    return false
  }
  return true
}

function checkOutput(analysis: Analysis, node: ASTNode, step: string, name: string): void {
  addUnique(analysis.references.outputs, { step, name }, (a, b) => a.step === b.step && a.name === b.name)
  const declared = analysis.shape.steps.get(step)?.outputs
  if (!declared || declared.includes(name)) return
  add(
    analysis,
    node,
    'unknown_output',
    `step \`${step}\` has no output \`${name}\``,
    suggest(name, declared, 'its job type declares no outputs'),
  )
}

function checkStepPath(analysis: Analysis, node: ASTNode, path: string[], inHas: boolean): void {
  const [, step, member, name] = path
  if (step === undefined) {
    add(
      analysis,
      node,
      'dynamic_step',
      'which step is read must show in the file',
      'name the step: `steps.NAME.outputs.NAME`',
    )
    return
  }
  if (!checkStepName(analysis, node, step)) return
  addUnique(analysis.references.steps, step)
  if (member === undefined) {
    if (inHas) return
    add(
      analysis,
      node,
      'dynamic_output',
      `\`steps.${step}\` as a whole has no value`,
      `read one of its members: ${stepMembers.map((each) => `steps.${step}.${each}`).join(', ')}`,
    )
    return
  }
  if (!stepMembers.includes(member)) {
    const known = analysis.shape.steps.get(step)?.outputs ?? []
    const fix = known.includes(member)
      ? `write steps.${step}.outputs.${member}`
      : suggest(member, stepMembers)
    add(analysis, node, 'unknown_member', `a step has no \`${member}\``, fix)
    return
  }
  if (member === 'run' || member === 'job') addUnique(analysis.references.runs, step)
  if (member !== 'outputs') return
  if (name !== undefined) checkOutput(analysis, node, step, name)
  else if (!inHas) {
    add(
      analysis,
      node,
      'dynamic_output',
      'which output is read must show in the file',
      `name the output: \`steps.${step}.outputs.NAME\``,
    )
  }
}

function checkPath(analysis: Analysis, node: ASTNode, path: string[], inHas: boolean): void {
  const { shape } = analysis
  const [root, member] = path
  switch (root) {
    case 'steps':
      checkStepPath(analysis, node, path, inHas)
      return
    case 'inputs':
      if (member === undefined) analysis.wholeInputs = true
      else if (shape.inputs.has(member)) addUnique(analysis.references.inputs, member)
      else
        add(
          analysis,
          node,
          'unknown_input',
          `there is no input \`${member}\``,
          suggest(member, shape.inputs.keys(), 'declare it under `inputs`'),
        )
      return
    case 'pipeline':
      if (member !== undefined && !pipelineMembers.includes(member)) {
        add(
          analysis,
          node,
          'unknown_member',
          `pipeline has no \`${member}\``,
          suggest(member, pipelineMembers),
        )
      }
      return
    case 'item':
    case 'index':
      if (shape.item) return
      add(
        analysis,
        node,
        'item_outside_for_each',
        `\`${root}\` exists only in the \`config\` and \`job_id\` of a step with \`for_each\``,
        'give the step a `for_each`, or read the list itself',
      )
      return
    case 'secrets':
      add(analysis, node, ...secretProblem(shape))
      return
    default:
  }
}

function secretProblem(shape: ScopeShape): [code: string, message: string, fix: string] {
  if (!shape.secrets) {
    return [
      'secret_outside_config',
      'a secret can be used in a `config` only',
      'move it into the `config` of the step that needs it',
    ]
  }
  return [
    'secret_in_expression',
    'a secret is resolved where the job runs, so nothing can be computed with it',
    `use it alone, or inside text: 'Bearer \${{ secrets.NAME }}'`,
  ]
}

function visit(analysis: Analysis, node: ASTNode, bound: readonly string[], inHas = false): void {
  const path = staticPath(node)
  if (path?.[0] !== undefined) {
    if (!bound.includes(path[0])) checkPath(analysis, node, path, inHas)
    return
  }
  const macro = asComprehension(node)
  if (macro) {
    visit(analysis, macro.receiver, bound)
    for (const body of macro.bodies) visit(analysis, body, [...bound, macro.variable])
    return
  }
  if (node.op === 'call') {
    const name = statusFunctions.find((each) => each === node.args[0])
    if (name) addUnique(analysis.references.statusFunctions, name)
  }
  const isHas = node.op === 'call' && node.args[0] === 'has'
  for (const child of childrenOf(node)) visit(analysis, child, bound, isHas)
}

function wholeReference(path: string[] | undefined): ExpressionReferences['whole'] {
  const [root, second, third, fourth] = path ?? []
  if (root === 'secrets' && second !== undefined && path?.length === 2)
    return { kind: 'secret', name: second }
  if (
    root === 'steps' &&
    third === 'outputs' &&
    second !== undefined &&
    fourth !== undefined &&
    path?.length === 4
  ) {
    return { kind: 'output', step: second, name: fourth }
  }
  return undefined
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
    return { problems: [], references: { ...references, whole }, type: 'dyn' }
  const analysis: Analysis = { shape, problems: [], references, wholeInputs: false }
  visit(analysis, parsed.ast, [])
  const guarded = guard(parsed.ast, { statusFunctions: shape.statusFunctions })
  const problems = [...guarded.filter((problem) => !isAboutSecrets(problem, source)), ...analysis.problems]
  if (problems.length > 0) return { problems, references }
  const { problem, type } = checkTypes(analysis.wholeInputs ? environments.plain : environments.typed, source)
  if (problem) return { problems: [problem], references }
  return {
    problems: [],
    references: whole ? { ...references, whole } : references,
    ...(type === undefined ? {} : { type }),
  }
}

/** `secrets` has better advice than "unknown name". */
function isAboutSecrets(problem: { code: string; start: number; end: number }, source: string): boolean {
  return problem.code === 'expression_unknown_name' && source.slice(problem.start, problem.end) === 'secrets'
}

/**
 * A checker for the expressions of one file, whose inputs have these types. Everything is found without
 * evaluating: syntax, unknown names, steps that are not needed, types as far as they are declared.
 */
export function createExpressionChecker(inputs: ReadonlyMap<string, PlanInput['type']>): ExpressionChecker {
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
