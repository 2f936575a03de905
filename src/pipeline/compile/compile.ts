import { nearest, suggest } from '../../base/suggest.ts'
import { type ConfigChecker, createConfigChecker } from '../../config-schema/index.ts'
import type { JobTypeSchemaEntry } from '../../contract/index.ts'
import { createExpressionChecker, type ScopeShape, type ValueShape } from '../../expressions/index.ts'
import { jobTypeDigest } from '../../job-type-schemas/index.ts'
import type { ScheduleRequest } from '../../schedule/plan/index.ts'
import { type Finding, type Reporter, reporterWithin } from '../nodes/findings.ts'
import {
  entriesOf,
  entryOf,
  get,
  type MapEntry,
  mergeRepeated,
  type Node,
  type PipelineSource,
  repeatedKeys,
  textOf,
  variantsOf,
} from '../nodes/nodes.ts'
import { type Before, whatIsBefore } from '../plan/early.ts'
import { graphLimits } from '../plan/graph-limits.ts'
import type { PipelinePlan, PlanStep } from '../plan/types.ts'
import { compileInputs } from './check-inputs.ts'
import { checkNeeds, topologicalOrder } from './check-needs.ts'
import { checkSizes } from './check-sizes.ts'
import { checkNames } from './check-steps.ts'
import { checkSelfWaits, compileLimit } from './compile-limit.ts'
import { compileNotify } from './compile-notify.ts'
import { compileSchedules } from './compile-schedules.ts'
import { compileDefaults, compileStep } from './compile-step.ts'
import { compileValue } from './compile-value.ts'
import { declaredInputs, declaredOutputs, stepShapes } from './declared.ts'
import { type CompileContext, createUsage } from './expression-site.ts'
import { knownValues, shapeOfNode } from './known-values.ts'
import { findNested, isNestedStep, planBytes, type ResolvePipeline } from './nested.ts'
import { checkShape } from './shape.ts'

export interface CompileOptions {
  /** Of the server behind the connection `default`, when it was asked: configs and outputs are checked against them. */
  jobTypes?: readonly JobTypeSchemaEntry[]
  /** The server may have others than `jobTypes`: one that is not among them is not reported. @default false */
  mayHaveOthers?: boolean
  /** What checks configs. Given to several files of the same job types, it compiles each schema once. @default a new one */
  configs?: ConfigChecker
  /** The secrets that the configuration at hand has; others give a warning. */
  secretNames?: readonly string[]
  /** The connections that the configuration at hand has, besides `default`; others give a warning. */
  connectionNames?: readonly string[]
  /** The functions for notifications that the configuration at hand has; others give a warning. */
  notificationNames?: readonly string[]
  /**
   * What the configuration at hand has under `notificationTargets`; a private receiver that is not among them is an error.
   * @default not known: each gives a warning
   */
  notificationTargets?: readonly string[]
  /**
   * Finds what a step's `pipeline` names.
   * @default nothing is found
   */
  resolvePipeline?: ResolvePipeline
  /**
   * Now, in milliseconds since the epoch: with it, an end of a schedule that is over is an error, and times of the coming year that do not exist
   * or come twice are warnings.
   * @default schedules are not held against a clock
   */
  nowMs?: number
}

export interface CompiledPipeline {
  /** Absent when there is a finding of severity `error`. */
  plan?: PipelinePlan
  /** What the file says of when it is to run; they are no part of the plan. Absent when there is none. */
  schedules?: ScheduleRequest[]
  /** In the order of the file. */
  findings: Finding[]
  /** What is known of its outputs, by name: for the compiler, where another pipeline has it as a step. */
  outputShapes?: ReadonlyMap<string, unknown>
}

/** Compiles what was read. Never throws: every problem is a finding with its place, and all are reported together. */
export function compileSource(pipeline: PipelineSource, options: CompileOptions): CompiledPipeline {
  const { reporter, text } = pipeline
  if (!pipeline.root) return { findings: reporter.findings() }
  const root = mergeRepeated(pipeline.root)
  const nested: Finding[] = []
  const compiled = compileRoot({ root, reporter, text }, options, nested)
  // What is there twice was reported; the second of them is looked into as well.
  for (const { root: variant, entry } of variantsOf(root))
    compileRoot(
      { root: variant, reporter: reporterWithin(reporter, entry.keyStart, entry.value.end), text },
      options,
      [],
    )
  return { ...compiled, findings: [...reporter.findings(), ...withoutDoubles(nested)] }
}

/** A file that several steps name was looked into for each. */
function withoutDoubles(findings: readonly Finding[]): Finding[] {
  const placeOf = ({ file, line, column, code, message }: Finding) =>
    [file, line, column, code, message].join('\n')
  return [...new Map(findings.map((finding) => [placeOf(finding), finding])).values()]
}

function compileRoot(
  { root, reporter, text: source }: Required<PipelineSource>,
  options: CompileOptions,
  nestedFindings: Finding[],
): Omit<CompiledPipeline, 'findings'> {
  checkShape(root, reporter)
  checkNames(root, reporter)
  const steps = entriesOf(get(root, 'steps'))
  if (root.kind !== 'map' || steps.length > graphLimits.steps) return {}

  const connection = textOf(get(root, 'connection')) ?? 'default'
  // Another server has job types and secrets of its own, which are not known here.
  const isDefault = connection === 'default'
  const jobTypes = isDefault ? options.jobTypes : undefined
  checkConnection(root, options.connectionNames, reporter)
  const inputs = compileInputs(root, reporter)
  const twiceGiven = repeatedKeys(get(root, 'inputs'))
  const givenOnce = inputs.filter(({ name }) => !twiceGiven.has(name))
  const schedules = compileSchedules({ root, reporter, inputs: givenOnce, nowMs: options.nowMs })
  const declared = declaredInputs(root, givenOnce)
  const nested = findNested(steps, options.resolvePipeline, reporter, nestedFindings)
  const context: CompileContext = {
    text: source,
    reporter,
    check: createExpressionChecker(declared),
    usage: createUsage(),
    wholes: new Map(),
    configShapes: new Map(),
    nested,
    nestedSteps: new Set(steps.filter(isNestedStep).map(({ key }) => key)),
    ...(options.secretNames && isDefault ? { secretNames: options.secretNames } : {}),
  }
  const graph = checkNeeds(steps, reporter)
  const outputsOf = declaredOutputs(root, nested, jobTypes)
  const shape: ScopeShape = {
    inputs: declared,
    steps: stepShapes(steps, outputsOf),
    item: false,
    statusFunctions: false,
    secrets: false,
    known: knownValues(givenOnce, steps, outputsOf),
  }
  const compiled = compileSteps(context, {
    root,
    steps,
    graph,
    shape,
    jobTypes,
    mayHaveOthers: options.mayHaveOthers ?? false,
    configs: options.configs ?? createConfigChecker(),
  })
  checkSizes(steps, [...compiled.values()], reporter)
  const name = textOf(get(root, 'name')) ?? ''
  const limit = compileLimit(context, root, { ...shape, steps: new Map() }, name)
  const outputs = entriesOf(get(root, 'outputs')).map((entry) => ({
    name: entry.key,
    value: compileValue(context, entry.value, shape, 'value'),
  }))
  const notify = compileNotify(context, get(root, 'notify'), shape, options)
  if (reporter.hasErrors()) return {}

  const description = textOf(get(root, 'description'))
  const plan: PipelinePlan = {
    planVersion: 1,
    name,
    ...(description === undefined ? {} : { description }),
    connection,
    textPositions: 'characters',
    inputs,
    steps: topologicalOrder(graph).flatMap((id): PlanStep[] => {
      const step = compiled.get(id)
      return step ? [{ ...step, ...context.usage.of(id) }] : []
    }),
    outputs,
    ...limit,
    ...(notify ? { notify } : {}),
    ...digestsOf([...compiled.values()], jobTypes),
  }
  checkSelfWaits(context, root, plan)
  if (isTooLarge(plan, root, reporter) || reporter.hasErrors()) return {}
  const outputShapes = entriesOf(get(root, 'outputs')).flatMap(({ key, value }): [string, ValueShape][] => {
    const known = shapeOfNode(context, value)
    return known ? [[key, known]] : []
  })
  return { plan: deepFreeze(plan), schedules, outputShapes: new Map(outputShapes) }
}

/** What the plan was checked against, as far as it uses it. */
function digestsOf(
  steps: readonly Pick<PlanStep, 'target'>[],
  entries: readonly JobTypeSchemaEntry[] = [],
): Pick<PipelinePlan, 'jobTypes'> {
  const used = new Set(steps.map(({ target }) => (target.kind === 'job_type' ? target.jobType : undefined)))
  const known = entries.filter(({ job_type }) => used.has(job_type))
  if (known.length === 0) return {}
  const digests = known.map((entry): [string, string] => [entry.job_type, jobTypeDigest(entry)])
  return { jobTypes: Object.fromEntries(digests.toSorted(([a], [b]) => (a < b ? -1 : 1))) }
}

function checkConnection(root: Node, names: readonly string[] | undefined, reporter: Reporter): void {
  const node = get(root, 'connection')
  const name = textOf(node)
  if (!node || !names || name === undefined || name === '' || name === 'default' || names.includes(name))
    return
  const known = ['default', ...names]
  reporter.add({
    code: 'unknown_connection',
    // Like a secret it may be where the workers run. What is all but the name of a known one was meant to be that.
    severity: nearest(name, known) === undefined ? 'warning' : 'error',
    offset: node.start,
    message: `the configuration at hand has no connection \`${name}\``,
    fix: `${suggest(name, known)}; connections stand under \`connections\` where the workers run`,
  })
}

/** Every step by its id, with what it may refer to: the steps before it. */
function compileSteps(
  context: CompileContext,
  file: {
    root: Node
    steps: readonly MapEntry[]
    graph: ReadonlyMap<string, string[]>
    shape: ScopeShape
    jobTypes: readonly JobTypeSchemaEntry[] | undefined
    mayHaveOthers: boolean
    configs: ConfigChecker
  },
): Map<string, ReturnType<typeof compileStep>> {
  const { steps, graph, shape, jobTypes, mayHaveOthers, configs } = file
  const { isBefore, isDoneBefore } = stepsBefore(steps, graph)
  const defaults = compileDefaults(context, file.root)
  const pipeline = textOf(get(file.root, 'name')) ?? ''
  return new Map(
    steps.map((step) => {
      const { key } = step
      const own = {
        ...shape,
        self: key,
        reachable: { has: (id: string) => isBefore(id, key) },
        later: { has: (id: string) => isBefore(key, id) },
      }
      const site = {
        pipeline,
        step,
        needs: graph.get(key) ?? [],
        early: { has: (id: string) => isBefore(id, key) && !isDoneBefore(id, key) },
        shape: own,
        defaults,
        configs,
        mayHaveOthers,
        ...(jobTypes ? { jobTypes } : {}),
      }
      return [key, compileStep(context, site)]
    }),
  )
}

function stepsBefore(steps: readonly MapEntry[], graph: ReadonlyMap<string, string[]>): Before {
  const early = new Set(
    steps.flatMap(({ key, value }) => (textOf(get(value, 'start')) === 'any' ? [key] : [])),
  )
  return whatIsBefore(
    topologicalOrder(graph).map((id) => ({
      id,
      needs: graph.get(id) ?? [],
      ...(early.has(id) ? { start: 'any' } : {}),
    })),
  )
}

function isTooLarge(plan: PipelinePlan, root: Node, reporter: Reporter): boolean {
  const bytes = planBytes(plan)
  if (bytes <= graphLimits.planBytes) return false
  reporter.add({
    code: 'plan_too_large',
    offset: entryOf(root, 'steps')?.keyStart ?? 0,
    message: `the compiled plan has ${bytes} bytes; at most ${graphLimits.planBytes} are allowed`,
    fix: 'move large data into inputs, documents or a step of its own',
  })
  return true
}

function deepFreeze<T>(value: T): T {
  if (value !== null && typeof value === 'object' && !Object.isFrozen(value)) {
    Object.freeze(value)
    for (const part of Object.values(value)) deepFreeze(part)
  }
  return value
}
