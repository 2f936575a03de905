import { suggest } from '../../base/suggest.ts'
import { clashOf, describeShape, type ScopeShape, shapeOfKinds } from '../../expressions/index.ts'
import { get, type Node, textOf } from '../nodes/nodes.ts'
import { hasExpression } from '../nodes/template.ts'
import type { PlanStep, PlanValue } from '../plan/types.ts'
import { checkConfig } from './check-config.ts'
import { compileValue } from './compile-value.ts'
import type { CompileContext } from './expression-site.ts'
import { shapeOfNode } from './known-values.ts'
import { inputsSchema } from './nested.ts'
import { shapeOfSchema } from './schema-shape.ts'
import type { ForEach, StepSite } from './step-site.ts'

/** Of a field that is needed as it stands. */
export function refuseExpression(context: CompileContext, owner: Node, field: string): void {
  const node = get(owner, field)
  if (!node || !hasExpression(textOf(node) ?? '')) return
  context.reporter.add({
    code: 'expression_not_allowed',
    offset: node.start,
    message: `\`${field}\` cannot be an expression`,
    fix: 'write the value itself',
  })
}

function compileJobId(context: CompileContext, node: Node, shape: ScopeShape): PlanValue {
  const value = compileValue(context, node, { ...shape, secrets: false }, 'value')
  const found = shapeOfNode(context, node)
  // What is no expression is the shape's business.
  if (
    node.kind === 'scalar' &&
    typeof node.value === 'string' &&
    found &&
    clashOf(found, shapeOfKinds('string'))
  )
    context.reporter.add({
      code: 'wrong_type',
      offset: node.start,
      message: `\`job_id\` must be text, this expression is ${describeShape(found)}`,
      fix: 'name the uuid of a job',
    })
  return value
}

/** The pipeline that a step runs, and what it is given; undefined where it could not be had, which was reported. */
function compileNested(
  context: CompileContext,
  site: StepSite,
  shape: ScopeShape,
  forEach: ForEach | undefined,
): PlanStep['target'] | undefined {
  refuseExpression(context, site.step.value, 'pipeline')
  const node = get(site.step.value, 'inputs')
  const inputs = node && compileValue(context, node, { ...shape, secrets: false }, 'value')
  const nested = context.nested.get(site.step.key)
  if (!nested) return undefined
  const entry = inputsSchema(nested.plan)
  checkConfig({
    step: site.step,
    field: 'inputs',
    entry,
    checker: site.configs,
    reporter: context.reporter,
    shapeOfNode: (part, item) => shapeOfNode(context, part, item),
    wanted: () => shapeOfSchema(entry.json_schema),
    items: forEach?.items ?? [],
  })
  return { kind: 'pipeline', pipeline: nested.plan, ...(inputs ? { inputs } : {}) }
}

/** What a step runs. */
export function compileTarget(
  context: CompileContext,
  site: StepSite,
  shape: ScopeShape,
  forEach: ForEach | undefined,
): PlanStep['target'] {
  const owner = site.step.value
  if (get(owner, 'pipeline')) {
    const nested = compileNested(context, site, shape, forEach)
    if (nested) return nested
  }
  const jobId = get(owner, 'job_id')
  if (jobId) return { kind: 'job_id', jobId: compileJobId(context, jobId, shape) }
  refuseExpression(context, owner, 'job_type')
  const node = get(owner, 'job_type')
  const jobType = textOf(node) ?? ''
  if (node && jobType !== '' && site.jobTypes) {
    const known = site.jobTypes.find((entry) => entry.job_type === jobType)
    if (!known && !site.mayHaveOthers) {
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
