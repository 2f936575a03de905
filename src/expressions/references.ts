import { suggest } from '../base/suggest.ts'
import { type ASTNode, asComprehension, childrenOf, staticPath } from './ast.ts'
import { type InputType, type StatusFunction, statusFunctions } from './environment.ts'
import type { ValueShape } from './value-shape.ts'

/** A problem of one expression; offsets are UTF-16 code units of its source. */
export interface ExpressionProblem {
  code: string
  message: string
  fix: string
  start: number
  end: number
  /** @default 'error' */
  severity?: 'warning'
}

/** What is known of the values that expressions read, for a whole file or one step of it. */
export interface KnownValues {
  /** By their names. */
  inputs: ValueShape
  /** By their ids: `status`, `outputs`. */
  steps: ValueShape
  item?: ValueShape
  /** What a step's status can be. */
  statuses: readonly string[]
}

/** Of thousands of steps, sets would be too large. */
export type Ids = Pick<ReadonlySet<string>, 'has'>

/** What an expression may name, at the place where it stands. */
export interface ScopeShape {
  inputs: ReadonlyMap<string, InputType>
  /** Every step of the file; `outputs` are the names that its job type declares, when that is known. One that is a pipeline has no job run. */
  steps: ReadonlyMap<string, { outputs?: readonly string[]; isPipeline?: boolean }>
  /** The step that the expression belongs to; absent for the pipeline's outputs. */
  self?: string
  /** What that step needs, directly or not; absent when every step may be read. */
  reachable?: Ids
  /** What needs that step, directly or not. */
  later?: Ids
  /** True where `item` and `index` exist. */
  item: boolean
  /** Set where the step runs although steps that it needs may have failed or been skipped: those that its `if` asks after. */
  askedBefore?: ReadonlySet<string>
  /** Steps that may not be done when that step starts, apart from those that its `if` asks after. */
  early?: Ids
  /** True in an `if`. */
  statusFunctions: boolean
  /** True in a `config`. */
  secrets: boolean
  /** What the values are, as far as it is known; without it nothing is. */
  known?: KnownValues
}

/** What an expression reads. */
export interface ExpressionReferences {
  inputs: string[]
  outputs: { step: string; name: string }[]
  /** Steps of which `run` or `job` is read. */
  runs: string[]
  /** Steps named at all. */
  steps: string[]
  /** Steps that are asked how they ended, or by `has` whether something of them is there. */
  asked: string[]
  statusFunctions: StatusFunction[]
  /** The whole expression is one reference that needs no evaluation. */
  whole?: { kind: 'output'; step: string; name: string } | { kind: 'secret'; name: string }
}

export interface Analysis {
  shape: ScopeShape
  problems: ExpressionProblem[]
  references: ExpressionReferences
  wholeInputs: boolean
}

const stepMembers = ['status', 'outputs', 'run', 'job']
const pipelineMembers = ['run_id', 'started_at', 'scheduled_for']
export const noReferences = (): ExpressionReferences => ({
  inputs: [],
  outputs: [],
  runs: [],
  steps: [],
  asked: [],
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
  const isNeeded = shape.reachable?.has(step) ?? true
  if (!isNeeded && shape.later?.has(step)) {
    const message = `step \`${step}\` runs after \`${shape.self ?? 'this step'}\`, which cannot read it`
    add(analysis, node, 'later_step', message, 'name a step that it needs')
    return false
  }
  if (!isNeeded) {
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
  if (inHas || member === 'status') addUnique(analysis.references.asked, step)
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
  if ((member === 'run' || member === 'job') && analysis.shape.steps.get(step)?.isPipeline)
    add(
      analysis,
      node,
      'no_job_run',
      `step \`${step}\` runs a pipeline: it has no \`${member}\``,
      `read steps.${step}.status, or an output of the pipeline, steps.${step}.outputs.NAME`,
    )
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

/** Walks an expression, noting what it reads and what it must not read here. */
export function analyseNames(
  analysis: Analysis,
  node: ASTNode,
  bound: readonly string[],
  inHas = false,
): void {
  const path = staticPath(node)
  if (path?.[0] !== undefined) {
    if (!bound.includes(path[0])) checkPath(analysis, node, path, inHas)
    return
  }
  const macro = asComprehension(node)
  if (macro) {
    analyseNames(analysis, macro.receiver, bound)
    for (const body of macro.bodies) analyseNames(analysis, body, [...bound, macro.variable])
    return
  }
  if (node.op === 'call') {
    const name = statusFunctions.find((each) => each === node.args[0])
    if (name) addUnique(analysis.references.statusFunctions, name)
  }
  const isHas = node.op === 'call' && node.args[0] === 'has'
  for (const child of childrenOf(node)) analyseNames(analysis, child, bound, isHas)
}

export function wholeReference(path: string[] | undefined): ExpressionReferences['whole'] {
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
