import type { JobTypeSchemaEntry } from '../../contract/index.ts'
import { describeShape, type ScopeShape, shapeOf, type ValueShape } from '../../expressions/index.ts'
import { describe, entryOf, get, itemsOf, type Node, textOf } from '../nodes/nodes.ts'
import { type PlanStep, type PlanValue, type RetryReason, retryReasons } from '../plan/types.ts'
import { checkConfig, shapeOfConfig } from './check-config.ts'
import { checkTarget, durationOf } from './check-steps.ts'
import { compileIf, scopeAfter } from './compile-condition.ts'
import { compileLimit } from './compile-limit.ts'
import { compileTarget, refuseExpression } from './compile-target.ts'
import { compileValue } from './compile-value.ts'
import { type CompileContext, wholeExpression } from './expression-site.ts'
import { shapeOfNode } from './known-values.ts'
import type { ForEach, StepDefaults, StepSite } from './step-site.ts'

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

/** With one need or none it is the same as to wait for all. */
function compileStart({ reporter }: CompileContext, { step, needs }: StepSite): Pick<PlanStep, 'start'> {
  const start = entryOf(step.value, 'start')
  if (!start || textOf(start.value) !== 'any') return {}
  if (needs.length > 1) return { start: 'any' }
  reporter.add({
    code: 'unused_start',
    severity: 'warning',
    offset: start.keyStart,
    message: '`start: any` means nothing with less than two `needs`',
    fix: 'remove it, or name what else is enough',
  })
  return {}
}

function compileForEach(context: CompileContext, site: StepSite): ForEach | undefined {
  const node = get(site.step.value, 'for_each')
  if (!node) return undefined
  if (node.kind === 'list') {
    const value = compileValue(context, node, site.shape, 'value')
    return { value, ...itemsOfList(shapeOfNode(context, node)) }
  }
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
  const { type, shape } = whole.checked
  const isOther = type !== undefined && !type.startsWith('list') && !type.startsWith('dyn')
  if (isOther || (shape && shape.kinds.size > 0 && !shape.kinds.has('list'))) {
    context.reporter.add({
      code: 'for_each_not_list',
      offset: node.start,
      message: `\`for_each\` needs a list, this expression is ${isOther || !shape ? `of type ${type}` : describeShape(shape)}`,
      fix: 'name a list; the keys of a map are m.map(k, k)',
    })
  }
  return { value: { kind: 'expression', source: whole.source }, ...itemsOfList(shape) }
}

function itemsOfList(list: ValueShape | undefined): Pick<ForEach, 'item' | 'items'> {
  const constant = list?.constant
  return { item: list?.items, items: Array.isArray(constant) ? constant.map(shapeOf) : [] }
}

function configShapeOf({ configShapes }: CompileContext, entry: JobTypeSchemaEntry): ValueShape {
  const shape = configShapes.get(entry) ?? shapeOfConfig(entry)
  configShapes.set(entry, shape)
  return shape
}

function compileConfig(
  context: CompileContext,
  site: StepSite,
  shape: ScopeShape,
  forEach: ForEach | undefined,
): PlanValue | undefined {
  const node = get(site.step.value, 'config')
  const value = node && compileValue(context, node, { ...shape, secrets: true }, 'config')
  const jobType = textOf(get(site.step.value, 'job_type'))
  const entry = site.jobTypes?.find((each) => each.job_type === jobType)
  if (entry)
    checkConfig({
      step: site.step,
      field: 'config',
      entry,
      checker: site.configs,
      reporter: context.reporter,
      shapeOfNode: (part, item) => shapeOfNode(context, part, item),
      wanted: () => configShapeOf(context, entry),
      items: forEach?.items ?? [],
    })
  if (!node || !value) return undefined
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

function scopeOfItem({ step }: StepSite, shape: ScopeShape, forEach: ForEach | undefined): ScopeShape {
  const { known } = shape
  const item = forEach?.item
  return {
    ...shape,
    item: entryOf(step.value, 'for_each') !== undefined,
    ...(known && item ? { known: { ...known, item } } : {}),
  }
}

/** One step of the plan; `usage` is completed by the caller, once all steps are read. */
export function compileStep(
  context: CompileContext,
  site: StepSite,
): Omit<PlanStep, 'valueOutputs' | 'usedOutputs' | 'usesJobRun'> {
  const owner = site.step.value
  checkTarget(site.step, context.reporter)
  refuseExpression(context, owner, 'timeout')
  const found = compileIf(context, site)
  const shape = scopeAfter(site, found)
  const forEach = compileForEach(context, { ...site, shape })
  const itemShape = scopeOfItem(site, shape, forEach)
  const target = compileTarget(context, site, itemShape, forEach)
  const config = compileConfig(context, site, itemShape, forEach)
  const timeoutMs = durationOf(owner, 'timeout', context.reporter) ?? site.defaults.timeoutMs
  return {
    id: site.step.key,
    needs: [...site.needs],
    ...compileStart(context, site),
    ...(found ? { if: found.condition } : {}),
    target,
    ...(config ? { config } : {}),
    ...(forEach ? { forEach: forEach.value } : {}),
    maxParallel: forEach ? (numberOf(get(owner, 'max_parallel')) ?? defaultMaxParallel) : 1,
    ...(timeoutMs === undefined ? {} : { timeoutMs }),
    retry: compileRetry(context, owner, site.defaults.retry),
    onFailure: textOf(get(owner, 'on_failure')) === 'continue' ? 'continue' : 'fail',
    ...compileLimit(context, owner, itemShape, `${site.pipeline}/${site.step.key}`),
  }
}
