import { messageOf } from '../../base/causes.ts'
import { whenFulls } from '../../contract/pipelines/status.ts'
import { clashOf, describeShape, type ScopeShape, shapeOfKinds } from '../../expressions/index.ts'
import { entryOf, get, type Node, textOf } from '../nodes/nodes.ts'
import {
  limitKey,
  type PipelinePlan,
  type PlanConcurrency,
  type PlanValue,
  selfWaits,
} from '../plan/index.ts'
import { compileValue } from './compile-value.ts'
import type { CompileContext } from './expression-site.ts'
import { shapeOfNode } from './known-values.ts'

function numberOf(node: Node | undefined): number | undefined {
  return node?.kind === 'scalar' && typeof node.value === 'number' ? node.value : undefined
}

/** `concurrency` and `priority` of a pipeline or a step. @param name the key where the file gives none */
export function compileLimit(
  context: CompileContext,
  owner: Node,
  shape: ScopeShape,
  name: string,
): Pick<PipelinePlan, 'concurrency' | 'priority'> {
  const priority = numberOf(get(owner, 'priority'))
  const concurrency = compileConcurrency(context, get(owner, 'concurrency'), shape, name)
  return { ...(concurrency ? { concurrency } : {}), ...(priority === undefined ? {} : { priority }) }
}

function compileConcurrency(
  context: CompileContext,
  node: Node | undefined,
  shape: ScopeShape,
  name: string,
): PlanConcurrency | undefined {
  if (node?.kind !== 'map') return undefined
  const key = get(node, 'key')
  const whenFull = whenFulls.find((each) => each === textOf(get(node, 'when_full'))) ?? 'queue'
  return {
    key: key ? compileKey(context, key, shape) : { kind: 'literal', value: name },
    limit: numberOf(get(node, 'limit')) ?? 1,
    whenFull,
  }
}

function compileKey(context: CompileContext, node: Node, shape: ScopeShape): PlanValue {
  const key = compileValue(context, node, { ...shape, secrets: false }, 'value')
  const report = (message: string) =>
    context.reporter.add({
      code: 'bad_limit_key',
      offset: node.start,
      message,
      fix: `name what is to be kept apart, as in \`warehouse\` or \${{ inputs.customer }}`,
    })
  // What is neither text nor a number is the shape's business.
  if (node.kind !== 'scalar' || typeof node.value === 'boolean' || node.value === null) return key
  const found = shapeOfNode(context, node)
  if (key.kind === 'literal') {
    const problem = problemOf(() => limitKey(key.value))
    if (problem !== undefined) report(problem)
  } else if (found && clashOf(found, shapeOfKinds('string', 'integer', 'fraction')))
    report(`the key of \`concurrency\` must be text or a number, this expression is ${describeShape(found)}`)
  return key
}

function problemOf(check: () => unknown): string | undefined {
  try {
    check()
    return undefined
  } catch (error) {
    return messageOf(error)
  }
}

/** Reports keys under which a run would wait for a place that itself has, as far as keys are known. */
export function checkSelfWaits(context: CompileContext, root: Node, plan: PipelinePlan): void {
  for (const { key, steps } of selfWaits(plan)) {
    const [first] = steps
    const entry = first === undefined ? undefined : entryOf(get(root, 'steps') ?? root, first)
    context.reporter.add({
      code: 'limit_deadlock',
      offset: entry?.keyStart ?? root.start,
      message: `${steps.length > 1 ? `a pipeline within step \`${first}\`` : `step \`${first}\``} asks for a place under the key \`${key}\`, of which the run has a place already: it would wait for itself`,
      fix: 'give one of the two another key, or leave it out',
    })
  }
}
