import { jsonBytes } from '../../base/json.ts'
import { jsonPointer } from '../../base/json-pointer.ts'
import { createExpressionChecker, type ExpressionChecker, type ScopeShape } from '../../expressions/index.ts'
import type { Finding } from '../nodes/findings.ts'
import { whatIsBefore } from '../plan/early.ts'
import { edgesOf, graphLimits } from '../plan/graph-limits.ts'
import { selfWaits } from '../plan/limits.ts'
import { maxNesting, nestingOf } from '../plan/nested.ts'
import type { PipelinePlan, PlanStep, PlanValue } from '../plan/types.ts'
import { sizeProblems } from './check-sizes.ts'
import { planSchema } from './plan-schema.ts'

/** A plan that somebody sent, if a worker can run it; every problem is a finding, with a JSON pointer into the plan. */
export function checkPlan(given: unknown): { plan?: PipelinePlan; findings: Finding[] } {
  const findings: Finding[] = []
  const add = (path: readonly PropertyKey[], code: string, message: string, fix: string) => {
    findings.push({
      code,
      severity: 'error',
      file: 'plan',
      line: 1,
      column: 1,
      message: `${jsonPointer(path) || 'the plan'}: ${message}`,
      fix,
    })
  }
  const parsed = planSchema.safeParse(given)
  if (!parsed.success) {
    for (const issue of parsed.error.issues)
      add(issue.path, 'bad_plan', issue.message, 'send a plan as `compilePipeline` made it')
    return { findings }
  }
  const bytes = jsonBytes(given)
  if (bytes > graphLimits.planBytes)
    add(
      [],
      'plan_too_large',
      `it has ${bytes} bytes; at most ${graphLimits.planBytes} are allowed`,
      'move large data into inputs, documents or a step of its own',
    )
  // What the schema lets through is a plan: it was written to that end.
  const plan = given as PipelinePlan
  checkPart(plan, add)
  if (nestingOf(plan) > maxNesting)
    add(
      [],
      'nested_too_deep',
      `more than ${maxNesting} pipelines stand within one another`,
      'run steps of the inner ones directly',
    )
  for (const { key, steps } of selfWaits(plan))
    add(
      ['steps'],
      'limit_deadlock',
      `${steps.join(' / ')} asks for a place under the key ${key}, of which the run has a place already`,
      'give one of the two another key',
    )
  return findings.length === 0 ? { plan, findings } : { findings }
}

type Add = (path: readonly PropertyKey[], code: string, message: string, fix: string) => void

/** A plan, and those that its steps run. */
function checkPart(plan: PipelinePlan, report: Add): void {
  let isRight = true
  const add: Add = (...problem) => {
    isRight = false
    report(...problem)
  }
  checkOrder(plan, add)
  checkSizes(plan, add)
  plan.steps.forEach(({ target }, index) => {
    if (target.kind === 'pipeline')
      checkPart(target.pipeline, (path, ...problem) =>
        add(['steps', index, 'target', 'pipeline', ...path], ...problem),
      )
  })
  if (isRight) checkExpressions(plan, add)
}

/** Names are used once, and every step stands after what it needs: so there is no cycle. */
function checkOrder(plan: PipelinePlan, add: Add): void {
  const names = {
    inputs: plan.inputs,
    steps: plan.steps.map(({ id }) => ({ name: id })),
    outputs: plan.outputs,
  }
  for (const [field, list] of Object.entries(names)) {
    const seen = new Set<string>()
    list.forEach(({ name }, index) => {
      if (seen.has(name))
        add([field, index], 'duplicate_name', `\`${name}\` is there twice`, 'rename one of them')
      seen.add(name)
    })
  }
  const edges = edgesOf(plan.steps)
  if (edges > graphLimits.edges)
    add(
      ['steps'],
      'too_many_edges',
      `its steps have ${edges} needs together; at most ${graphLimits.edges} are allowed`,
      'let a step in between need all of them, and others that one',
    )
  const before = new Set<string>()
  plan.steps.forEach((one, index) => {
    for (const need of one.needs)
      if (!before.has(need))
        add(
          ['steps', index, 'needs'],
          'unknown_need',
          `no step \`${need}\` stands before \`${one.id}\``,
          'put each step after what it needs',
        )
    before.add(one.id)
  })
}

function checkSizes({ steps }: PipelinePlan, add: Add): void {
  const indexes = new Map(steps.map(({ id }, index) => [id, index]))
  for (const { step, field, code, message, fix } of sizeProblems(steps))
    add(['steps', indexes.get(step) ?? 0, field === 'for_each' ? 'forEach' : field], code, message, fix)
}

function checkExpressions(plan: PipelinePlan, add: Add): void {
  const inputs = new Map(plan.inputs.map(({ name, type }) => [name, type]))
  const { isBefore } = whatIsBefore(plan.steps)
  const check = createExpressionChecker(inputs)
  const whole: ScopeShape = {
    inputs,
    steps: new Map(plan.steps.map(({ id, target }) => [id, { isPipeline: target.kind === 'pipeline' }])),
    item: false,
    statusFunctions: false,
    secrets: false,
  }
  const site = (path: readonly PropertyKey[], shape: ScopeShape): Site => ({ check, shape, path, add })
  plan.steps.forEach((one, index) => {
    const shape = { ...whole, self: one.id, reachable: { has: (id: string) => isBefore(id, one.id) } }
    const path = ['steps', index]
    if (one.if) checkSource(site([...path, 'if'], { ...shape, statusFunctions: true }), one.if.source)
    for (const [field, part, own] of valuesOf(one))
      checkValue(site([...path, field], { ...shape, ...own }), part)
  })
  if (plan.concurrency)
    checkValue(site(['concurrency', 'key'], { ...whole, reachable: new Set() }), plan.concurrency.key)
  plan.outputs.forEach((output, index) => {
    checkValue(site(['outputs', index], whole), output.value)
  })
}

/** A value of a step by its field, and what its expressions may read besides. */
type StepValue = [field: string, value: PlanValue, own: Partial<ScopeShape>]

function valuesOf({ concurrency, forEach, config, target }: PlanStep): StepValue[] {
  const item = forEach !== undefined
  const found: StepValue[] = []
  if (concurrency) found.push(['concurrency', concurrency.key, { item }])
  if (forEach) found.push(['forEach', forEach, {}])
  if (config) found.push(['config', config, { item, secrets: true }])
  if (target.kind === 'job_id') found.push(['target', target.jobId, { item }])
  if (target.kind === 'pipeline' && target.inputs) found.push(['target', target.inputs, { item }])
  return found
}

interface Site {
  check: ExpressionChecker
  shape: ScopeShape
  path: readonly PropertyKey[]
  add: Add
}

function checkSource({ check, shape, path, add }: Site, text: string): void {
  for (const { severity, code, message, fix } of check(text, shape).problems)
    if (severity === undefined) add(path, code, message, fix)
}

function checkValue(site: Site, part: PlanValue): void {
  switch (part.kind) {
    case 'expression':
      checkSource(site, part.source)
      return
    case 'text':
      for (const one of part.parts) if (typeof one !== 'string') checkSource(site, one.source)
      return
    case 'list':
      for (const item of part.items) checkValue(site, item)
      return
    case 'object':
      for (const entry of part.entries) checkValue(site, entry.value)
      return
    case 'output':
      if (!(site.shape.reachable ?? site.shape.steps).has(part.step))
        site.add(
          site.path,
          'unknown_step',
          `it reads step \`${part.step}\`, which is not needed`,
          'name it in `needs`',
        )
      return
    case 'secret':
      if (!site.shape.secrets)
        site.add(
          site.path,
          'secret_not_allowed',
          'a secret stands outside of a config',
          'move it into `config`',
        )
      return
    case 'literal':
      return
  }
}
