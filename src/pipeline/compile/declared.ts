import type { JobTypeSchemaEntry } from '../../contract/index.ts'
import type { ScopeShape } from '../../expressions/index.ts'
import { entriesOf, get, type MapEntry, type Node, repeatedKeys, textOf } from '../nodes/nodes.ts'
import type { PlanInput } from '../plan/types.ts'
import type { CompileContext } from './expression-site.ts'
import { outputsOfJobType, type StepOutputs } from './known-values.ts'
import { isNestedStep } from './nested.ts'

/** What a file declares that its expressions may name. */

/** Inputs with an unusable type still exist: naming them is not another mistake. */
export function declaredInputs(root: Node, inputs: readonly PlanInput[]): Map<string, PlanInput['type']> {
  const types = new Map(
    entriesOf(get(root, 'inputs')).map((entry): [string, PlanInput['type']] => [entry.key, 'number']),
  )
  for (const input of inputs) types.set(input.name, input.type)
  return types
}

export function stepShapes(
  steps: readonly MapEntry[],
  outputsOf: (step: MapEntry) => StepOutputs | undefined,
): ScopeShape['steps'] {
  return new Map(
    steps.map((step) => {
      const outputs = outputsOf(step)
      return [
        step.key,
        {
          ...(outputs ? { outputs: outputs.map(([name]) => name) } : {}),
          ...(isNestedStep(step) ? { isPipeline: true } : {}),
        },
      ]
    }),
  )
}

/** Looks up which outputs a step is known to have; undefined: it may have any. */
export function declaredOutputs(
  root: Node,
  nested: CompileContext['nested'],
  jobTypes: readonly JobTypeSchemaEntry[] | undefined,
): (step: MapEntry) => StepOutputs | undefined {
  // Which of several of one name is meant is not known, and so not what it is.
  const twice = repeatedKeys(get(root, 'steps'))
  const ofJobTypes = new Map(jobTypes?.map((entry) => [entry.job_type, outputsOfJobType(entry)]))
  return ({ key, value }) => {
    if (twice.has(key)) return undefined
    const pipeline = nested.get(key)
    if (pipeline) return pipeline.plan.outputs.map(({ name }) => [name, pipeline.outputShapes.get(name)])
    const outputs = ofJobTypes.get(textOf(get(value, 'job_type')) ?? '') ?? []
    // A job type that declares none may have some.
    return outputs.length > 0 ? outputs : undefined
  }
}
