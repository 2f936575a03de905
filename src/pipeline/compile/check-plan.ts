import { z } from 'zod'
import { durationRange } from '../../base/duration.ts'
import { jsonBytes } from '../../base/json.ts'
import { jsonPointer } from '../../base/json-pointer.ts'
import { whenFulls } from '../../contract/pipelines/status.ts'
import { createExpressionChecker, type ExpressionChecker, type ScopeShape } from '../../expressions/index.ts'
import { isZone } from '../../schedule/times/index.ts'
import { readTarget } from '../../webhooks/targets.ts'
import type { Finding } from '../nodes/findings.ts'
import { selfWaits } from '../plan/limits.ts'
import { maxNesting, nestingOf } from '../plan/nested.ts'
import {
  inputTypes,
  notificationEvents,
  type PipelinePlan,
  type PlanStep,
  type PlanValue,
  planVersions,
  retryReasons,
} from '../plan/types.ts'
import { isIdentifier, isPipelineName, maxSteps, reachableFrom } from './check-steps.ts'
import { maxPlanBytes } from './compile.ts'
import { timeOfDay } from './compile-notify.ts'
import { ranges } from './definition.ts'

/*
 * A plan that came over the wire may have been made by anybody. What is checked here is what a worker takes for granted; what fields of a
 * later version say is not known, and stays as it is.
 */

const source = z.looseObject({ source: z.string() })
const text = z.string()
const value: z.ZodType = z.lazy(() =>
  z.discriminatedUnion('kind', [
    z.looseObject({ kind: z.literal('literal'), value: z.unknown() }),
    z.looseObject({ kind: z.literal('expression'), source: text }),
    z.looseObject({ kind: z.literal('text'), parts: z.array(z.union([text, source])) }),
    z.looseObject({ kind: z.literal('list'), items: z.array(value) }),
    z.looseObject({ kind: z.literal('object'), entries: z.array(z.looseObject({ key: text, value })) }),
    z.looseObject({ kind: z.literal('output'), step: text, name: text }),
    z.looseObject({
      kind: z.literal('secret'),
      parts: z.array(z.union([text, z.looseObject({ secret: text })])),
    }),
  ]),
)
const milliseconds = z.int().min(0)
const limited = {
  concurrency: z
    .looseObject({
      key: value,
      limit: z.int().min(ranges.limit.min).max(ranges.limit.max),
      whenFull: z.enum(whenFulls),
    })
    .optional(),
  priority: z.int().min(ranges.priority.min).max(ranges.priority.max).optional(),
}
const step = z.looseObject({
  id: text.refine(isIdentifier, 'expected a name of letters, digits and _'),
  needs: z.array(text),
  start: z.literal('any').optional(),
  if: source
    .extend({ statusFunctions: z.array(z.enum(['completed', 'failed', 'always', 'cancelled'])) })
    .optional(),
  target: z.discriminatedUnion('kind', [
    z.looseObject({ kind: z.literal('job_type'), jobType: text.min(1) }),
    z.looseObject({ kind: z.literal('job_id'), jobId: value }),
    z.looseObject({
      kind: z.literal('pipeline'),
      pipeline: z.lazy((): z.ZodType => planSchema),
      inputs: value.optional(),
    }),
  ]),
  config: value.optional(),
  forEach: value.optional(),
  maxParallel: z.int().min(ranges.max_parallel.min).max(ranges.max_parallel.max),
  timeoutMs: milliseconds.min(1).optional(),
  retry: z.looseObject({
    generations: z.int().min(ranges.attempts.min).max(ranges.attempts.max),
    backoffMs: milliseconds,
    on: z.array(z.enum(retryReasons)),
  }),
  onFailure: z.enum(['fail', 'continue']),
  valueOutputs: z.array(text),
  usedOutputs: z.array(text),
  usesJobRun: z.boolean(),
  ...limited,
})
const notification = z.looseObject({
  on: z.array(z.enum(notificationEvents)).min(1),
  receiver: z.discriminatedUnion('kind', [
    z.looseObject({
      kind: z.literal('webhook'),
      url: z.discriminatedUnion('kind', [
        z.looseObject({
          kind: z.literal('literal'),
          value: text.refine(
            (url) => 'url' in readTarget(url),
            'expected a URL of http or https, without credentials',
          ),
        }),
        z.looseObject({
          kind: z.literal('secret'),
          parts: z.array(z.union([text, z.looseObject({ secret: text })])),
        }),
      ]),
      secrets: z.array(text).max(ranges.secrets.max),
    }),
    z.looseObject({ kind: z.literal('function'), name: text.min(1) }),
  ]),
  late: z
    .union([
      z.looseObject({ afterMs: milliseconds.min(durationRange.minMs).max(durationRange.maxMs) }),
      z.looseObject({
        by: text.regex(timeOfDay, 'expected a time of day such as 06:00'),
        timezone: text.refine(isZone, 'expected the IANA name of a time zone'),
      }),
    ])
    .optional(),
})
const planSchema = z.looseObject({
  planVersion: z.literal(planVersions),
  name: text.refine(isPipelineName, 'expected letters, digits, -, _ and ., at most 100'),
  description: text.optional(),
  connection: text.min(1),
  textPositions: z.literal('characters').optional(),
  inputs: z.array(
    z.looseObject({
      name: text.refine(isIdentifier, 'expected a name of letters, digits and _'),
      type: z.enum(inputTypes),
      description: text.optional(),
      enum: z.array(z.unknown()).optional(),
      default: z.unknown().optional(),
    }),
  ),
  steps: z.array(step).min(1).max(maxSteps),
  outputs: z.array(z.looseObject({ name: text.refine(isIdentifier), value })),
  ...limited,
  notify: z.array(notification).max(ranges.notify.max).optional(),
})

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
  if (bytes > maxPlanBytes)
    add(
      [],
      'plan_too_large',
      `it has ${bytes} bytes; at most ${maxPlanBytes} are allowed`,
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

function checkExpressions(plan: PipelinePlan, add: Add): void {
  const inputs = new Map(plan.inputs.map(({ name, type }) => [name, type]))
  const graph = new Map(plan.steps.map(({ id, needs }) => [id, needs]))
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
    const shape = { ...whole, self: one.id, reachable: reachableFrom(one.id, graph) }
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

function valuesOf(one: PlanStep): [string, PlanValue, Partial<ScopeShape>][] {
  const item = one.forEach !== undefined
  return [
    ...(one.concurrency
      ? [['concurrency', one.concurrency.key, { item }] as [string, PlanValue, Partial<ScopeShape>]]
      : []),
    ...(one.forEach ? [['forEach', one.forEach, {}] as [string, PlanValue, Partial<ScopeShape>]] : []),
    ...(one.config
      ? [['config', one.config, { item, secrets: true }] as [string, PlanValue, Partial<ScopeShape>]]
      : []),
    ...(one.target.kind === 'job_id'
      ? [['target', one.target.jobId, { item }] as [string, PlanValue, Partial<ScopeShape>]]
      : []),
    ...(one.target.kind === 'pipeline' && one.target.inputs
      ? [['target', one.target.inputs, { item }] as [string, PlanValue, Partial<ScopeShape>]]
      : []),
  ]
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
      if (!(site.shape.reachable ?? new Set(site.shape.steps.keys())).has(part.step))
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
