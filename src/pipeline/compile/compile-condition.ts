import { describeShape, type ScopeShape } from '../../expressions/index.ts'
import { describe, get, textOf } from '../nodes/nodes.ts'
import { hasExpression } from '../nodes/template.ts'
import type { PlanStep } from '../plan/types.ts'
import { type CompileContext, wholeExpression } from './expression-site.ts'
import type { StepSite } from './step-site.ts'

export interface Condition {
  condition: NonNullable<PlanStep['if']>
  /** Steps that it asks after. */
  asked: readonly string[]
}

/** The `if` of a step; undefined where it has none, or none that can be used, which was reported. */
export function compileIf(context: CompileContext, site: StepSite): Condition | undefined {
  const node = get(site.step.value, 'if')
  if (!node) return undefined
  const report = (code: string, message: string, fix: string) =>
    void context.reporter.add({ code, offset: node.start, message, fix })
  const text = textOf(node)
  if (node.kind !== 'scalar' || text === undefined) {
    const isCondition = node.kind === 'scalar' && typeof node.value === 'boolean'
    const fix = isCondition
      ? `write \${{ ${String(node.value)} }}`
      : `write what is true or false, as in \${{ inputs.count > 3 }}`
    report('bad_condition', `\`if\` must be an expression, found ${describe(node)}`, fix)
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
  const { type, references, shape } = whole.checked
  if (type !== undefined && type !== 'bool' && !type.startsWith('dyn')) {
    report(
      'condition_not_boolean',
      `\`if\` must be true or false, this expression is of type ${type}`,
      'compare it with something, such as `!= ""` or `> 0`',
    )
  } else if (shape && !shape.kinds.has('boolean')) {
    report(
      'condition_not_boolean',
      `\`if\` must be true or false, this expression is ${describeShape(shape)}`,
      'compare it with something, such as `!= ""` or `> 0`',
    )
  }
  const { statusFunctions, asked } = references
  return { condition: { source: whole.source, statusFunctions }, asked }
}

/** With a condition that names one of the functions of what went wrong, a step runs whatever became of those it needs. */
export function scopeAfter({ early, shape }: StepSite, found: Condition | undefined): ScopeShape {
  const runsAnyway = found?.condition.statusFunctions.some((name) => name !== 'completed') ?? false
  const asked = new Set(found?.asked)
  return {
    ...shape,
    ...(runsAnyway ? { askedBefore: asked } : {}),
    early: { has: (id) => early.has(id) && !asked.has(id) },
  }
}
