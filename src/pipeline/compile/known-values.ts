import type { Json, JsonObject } from '../../base/json.ts'
import type { JobTypeSchemaEntry } from '../../contract/index.ts'
import {
  intersection,
  type KnownValues,
  numberShape,
  shapeOf,
  shapeOfKinds,
  shapeOfValues,
  union,
  type ValueKind,
  type ValueShape,
} from '../../expressions/index.ts'
import { entryOf, type MapEntry, type Node, type ScalarNode } from '../nodes/nodes.ts'
import { hasExpression } from '../nodes/template.ts'
import { type PlanInput, stepStatuses } from '../plan/index.ts'
import type { CompileContext, WholeValue } from './expression-site.ts'
import { shapeOfSchema } from './schema-shape.ts'

const kindsOfInputs: Record<PlanInput['type'], ValueKind | undefined> = {
  string: 'string',
  number: undefined,
  integer: 'integer',
  boolean: 'boolean',
  array: 'list',
  object: 'map',
}

function inputShape({ type, enum: values, schema }: PlanInput): ValueShape {
  const kind = kindsOfInputs[type]
  const typed = kind === undefined ? numberShape : shapeOfKinds(kind)
  const shape = schema ? intersection(typed, shapeOfSchema(schema)) : typed
  return values ? intersection(shape, shapeOfValues(values)) : shape
}

function mapOf(fields: readonly (readonly [string, ValueShape])[]): ValueShape {
  return { ...shapeOfKinds('map'), fields: new Map(fields) }
}

function listOf(items: ValueShape): ValueShape {
  return { ...shapeOfKinds('list'), items }
}

/** What the file and the schemas of its job types say of the values that expressions read. */
export function knownValues(
  inputs: readonly PlanInput[],
  steps: readonly MapEntry[],
  outputsOf: (step: MapEntry) => StepOutputs | undefined,
): KnownValues {
  return {
    inputs: mapOf(inputs.map((input) => [input.name, inputShape(input)])),
    steps: mapOf(steps.map((step) => [step.key, stepShape(step, outputsOf(step))])),
    statuses: stepStatuses,
  }
}

/** The outputs of a step by name; of those without a shape nothing else is known. */
export type StepOutputs = readonly (readonly [name: string, shape: ValueShape | undefined])[]

export function outputsOfJobType({ output_schemas: schemas = {} }: JobTypeSchemaEntry): StepOutputs {
  return Object.entries(schemas).map(([name, schema]) => [name, shapeOfSchema(schema as JsonObject)])
}

function stepShape(step: MapEntry, declared: StepOutputs = []): ValueShape {
  const isEach = entryOf(step.value, 'for_each') !== undefined
  const outputs = declared.flatMap(([name, shape]): [string, ValueShape][] =>
    shape ? [[name, isEach ? listOf(union(shape, shapeOf(null))) : shape]] : [],
  )
  return mapOf([
    ['status', shapeOfValues(stepStatuses)],
    ['outputs', mapOf(outputs)],
  ])
}

/**
 * What a written value will be.
 * @param item what `item` is there, when it is looked at for one item alone
 */
export function shapeOfNode(context: CompileContext, node: Node, item?: ValueShape): ValueShape | undefined {
  switch (node.kind) {
    case 'scalar':
      return scalarOf(context, node, item)
    case 'list': {
      const items = node.items.map((each) => shapeOfNode(context, each, item))
      const constants = items.map((each) => each?.constant)
      return {
        ...shapeOfKinds('list'),
        ...(items.every((each) => each !== undefined) ? { items: items.reduce(union, shapeOfKinds()) } : {}),
        ...(constants.every((each) => each !== undefined) ? { constant: constants } : {}),
      }
    }
    case 'map': {
      const fields = node.entries.map(
        (entry) => [entry.key, shapeOfNode(context, entry.value, item)] as const,
      )
      const known = fields.filter((each): each is [string, ValueShape] => each[1] !== undefined)
      const constants = fields.map(([key, shape]): [string, Json | undefined] => [key, shape?.constant])
      const isConstant = constants.every((each): each is [string, Json] => each[1] !== undefined)
      return {
        ...mapOf(known),
        closed: known.length === fields.length && node.incomplete !== true,
        required: new Set(fields.map(([key]) => key)),
        ...(isConstant && node.incomplete !== true ? { constant: Object.fromEntries(constants) } : {}),
      }
    }
  }
}

function scalarOf(
  context: CompileContext,
  node: ScalarNode,
  item: ValueShape | undefined,
): ValueShape | undefined {
  if (typeof node.value !== 'string' || !hasExpression(node.value)) return shapeOf(node.value)
  const whole = context.wholes.get(node)
  if (whole === undefined) return shapeOfKinds('string')
  const { known } = whole.scope
  if (item === undefined || known === undefined || !readsItem(whole)) return whole.shape
  return context.check(whole.source, { ...whole.scope, known: { ...known, item } }).shape ?? whole.shape
}

function readsItem({ source }: WholeValue): boolean {
  return /\bitem\b/.test(source)
}
