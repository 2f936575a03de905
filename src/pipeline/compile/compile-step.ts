import { suggest } from '../../base/suggest.ts'
import type { ConfigChecker } from '../../config-schema/index.ts'
import type { JobTypeSchemaEntry } from '../../contract/index.ts'
import type { ScopeShape } from '../../expressions/index.ts'
import { describe, entryOf, get, itemsOf, type MapEntry, type Node, textOf } from '../nodes/nodes.ts'
import { hasExpression } from '../nodes/template.ts'
import { type PlanStep, type PlanValue, type RetryReason, retryReasons } from '../plan/types.ts'
import { checkConfig } from './check-config.ts'
import { checkTarget, durationOf } from './check-steps.ts'
import { compileValue } from './compile-value.ts'
import { type CompileContext, wholeExpression } from './expression-site.ts'

/** What a file's `defaults` and the built-in ones amount to. */
export interface StepDefaults {
  timeoutMs?: number
  retry: PlanStep['retry']
}

const builtInRetry: PlanStep['retry'] = { generations: 1, backoffMs: 5000, on: [...retryReasons] }
/** How many items of a `for_each` run at once unless the step says. */
const defaultMaxParallel = 10

function numberOf(node: Node | undefined): number | undefined {
  return node?.kind === 'scalar' && typeof node.value === 'number' ? node.value : undefined
}

function compileRetry(
  context: CompileContext,
  owner: Node | undefined,
  base: PlanStep['retry'],
): PlanStep['retry'] {
  const retry = get(owner, 'retry')
  const on = itemsOf(get(retry, 'on')).flatMap((item): RetryReason[] =>
    retryReasons.filter((reason) => reason === textOf(item)),
  )
  return {
    generations: numberOf(get(retry, 'attempts')) ?? base.generations,
    backoffMs: durationOf(retry, 'backoff', context.reporter) ?? base.backoffMs,
    on: on.length > 0 ? [...new Set(on)] : base.on,
  }
}

export function compileDefaults(context: CompileContext, root: Node): StepDefaults {
  const defaults = get(root, 'defaults')
  const timeoutMs = durationOf(defaults, 'timeout', context.reporter)
  return {
    ...(timeoutMs === undefined ? {} : { timeoutMs }),
    retry: compileRetry(context, defaults, builtInRetry),
  }
}

/** Everything around one step. */
export interface StepSite {
  step: MapEntry
  needs: readonly string[]
  shape: ScopeShape
  defaults: StepDefaults
  jobTypes?: readonly JobTypeSchemaEntry[]
  configs: ConfigChecker
}

function compileIf(context: CompileContext, site: StepSite): PlanStep['if'] | undefined {
  const node = get(site.step.value, 'if')
  if (!node) return undefined
  const report = (code: string, message: string, fix: string) =>
    void context.reporter.add({ code, offset: node.start, message, fix })
  const text = textOf(node)
  if (node.kind !== 'scalar' || text === undefined) {
    const shown = node.kind === 'scalar' && node.value !== null ? String(node.value) : '…'
    report('bad_condition', `\`if\` must be an expression, found ${describe(node)}`, `write \${{ ${shown} }}`)
    return undefined
  }
  const whole = wholeExpression(context, node, text, { ...site.shape, statusFunctions: true })
  if (whole === 'reported') return undefined
  if (!whole) {
    const fix = hasExpression(text)
      ? 'put the whole condition between one pair of marks'
      : `write \${{ ${text.trim()} }}`
    report('bad_condition', '`if` must be one whole expression', fix)
    return undefined
  }
  const { type, references } = whole.checked
  if (type !== undefined && type !== 'bool' && !type.startsWith('dyn')) {
    report(
      'condition_not_boolean',
      `\`if\` must be true or false, this expression is of type ${type}`,
      'compare it with something, such as `!= ""` or `> 0`',
    )
  }
  return { source: whole.source, statusFunctions: references.statusFunctions }
}

function compileForEach(context: CompileContext, site: StepSite): PlanValue | undefined {
  const node = get(site.step.value, 'for_each')
  if (!node) return undefined
  if (node.kind === 'list') return compileValue(context, node, site.shape, 'value')
  const text = textOf(node)
  if (node.kind !== 'scalar' || text === undefined) return undefined
  const whole = wholeExpression(context, node, text, site.shape)
  if (whole === 'reported') return undefined
  if (!whole) {
    context.reporter.add({
      code: 'bad_for_each',
      offset: node.start,
      message: '`for_each` must be one whole expression or a list',
      fix: `write \${{ … }} around a list, or a YAML list`,
    })
    return undefined
  }
  const { type } = whole.checked
  if (type !== undefined && !type.startsWith('list') && !type.startsWith('dyn')) {
    context.reporter.add({
      code: 'for_each_not_list',
      offset: node.start,
      message: `\`for_each\` needs a list, this expression is of type ${type}`,
      fix: 'name a list; the keys of a map are m.map(k, k)',
    })
  }
  return { kind: 'expression', source: whole.source }
}

function refuseExpression(context: CompileContext, owner: Node, field: string): void {
  const node = get(owner, field)
  if (!node || !hasExpression(textOf(node) ?? '')) return
  context.reporter.add({
    code: 'expression_not_allowed',
    offset: node.start,
    message: `\`${field}\` cannot be an expression`,
    fix: 'write the value itself',
  })
}

function compileTarget(context: CompileContext, site: StepSite, shape: ScopeShape): PlanStep['target'] {
  const owner = site.step.value
  const jobId = get(owner, 'job_id')
  if (jobId)
    return { kind: 'job_id', jobId: compileValue(context, jobId, { ...shape, secrets: false }, 'value') }
  refuseExpression(context, owner, 'job_type')
  const node = get(owner, 'job_type')
  const jobType = textOf(node) ?? ''
  if (node && jobType !== '' && site.jobTypes) {
    const known = site.jobTypes.find((entry) => entry.job_type === jobType)
    if (known)
      checkConfig({ step: site.step, entry: known, checker: site.configs, reporter: context.reporter })
    else {
      const fix = suggest(
        jobType,
        site.jobTypes.map((entry) => entry.job_type),
        'the server has no job types',
      )
      context.reporter.add({
        code: 'unknown_job_type',
        offset: node.start,
        message: `the server has no job type \`${jobType}\``,
        fix,
      })
    }
  }
  return { kind: 'job_type', jobType }
}

function compileConfig(context: CompileContext, site: StepSite, shape: ScopeShape): PlanValue | undefined {
  const node = get(site.step.value, 'config')
  if (!node) return undefined
  const value = compileValue(context, node, { ...shape, secrets: true }, 'config')
  if (node.kind !== 'scalar') return value
  if (value.kind === 'expression') return value
  // A whole output as the config itself must be a value: the API stores an object, not a reference.
  if (value.kind === 'output') {
    context.usage.value(value.step, value.name)
    return { kind: 'expression', source: `steps.${value.step}.outputs[${JSON.stringify(value.name)}]` }
  }
  context.reporter.add({
    code: 'bad_config',
    offset: node.start,
    message: `\`config\` must be a map or one whole expression, found ${describe(node)}`,
    fix: 'write its fields as a map',
  })
  return undefined
}

/** One step of the plan; `usage` is completed by the caller, once all steps are read. */
export function compileStep(
  context: CompileContext,
  site: StepSite,
): Omit<PlanStep, 'valueOutputs' | 'usedOutputs' | 'usesJobRun'> {
  const owner = site.step.value
  checkTarget(site.step, context.reporter)
  refuseExpression(context, owner, 'timeout')
  const condition = compileIf(context, site)
  const forEach = compileForEach(context, site)
  const itemShape = { ...site.shape, item: entryOf(owner, 'for_each') !== undefined }
  const target = compileTarget(context, site, itemShape)
  const config = compileConfig(context, site, itemShape)
  const timeoutMs = durationOf(owner, 'timeout', context.reporter) ?? site.defaults.timeoutMs
  return {
    id: site.step.key,
    needs: [...site.needs],
    ...(condition ? { if: condition } : {}),
    target,
    ...(config ? { config } : {}),
    ...(forEach ? { forEach } : {}),
    maxParallel: forEach ? (numberOf(get(owner, 'max_parallel')) ?? defaultMaxParallel) : 1,
    ...(timeoutMs === undefined ? {} : { timeoutMs }),
    retry: compileRetry(context, owner, site.defaults.retry),
    onFailure: textOf(get(owner, 'on_failure')) === 'continue' ? 'continue' : 'fail',
  }
}
