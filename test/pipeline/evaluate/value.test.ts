import { describe, expect, it, test } from 'vitest'
import type { Json } from '../../../src/base/json.ts'
import type { ExpressionScope } from '../../../src/expressions/evaluate.ts'
import {
  createReadFinder,
  evaluateValue,
  missingOutputs,
  type PipelineData,
  resolveOutput,
  scopeOf,
} from '../../../src/pipeline/evaluate/index.ts'
import {
  createItem,
  createPipelineRunState,
  createSchedule,
  type OutputSlot,
  stepState,
} from '../../../src/pipeline/plan/index.ts'
import { planOf, planStep } from '../../helpers/plans.ts'

const scope: ExpressionScope = {
  inputs: { limit: 7, ratio: 2.5, name: 'pdu', tags: ['a', 'b'] },
  steps: { graph: { status: 'completed', outputs: { metagraph: { id: 'm1' } } } },
  item: { title: 'x' },
  index: 2,
  pipeline: { run_id: 'run-1', started_at: '2026-04-13T10:10:00.000Z' },
}

const never = (): Json => {
  throw new Error('no output is read')
}

test('an expression inside text becomes text', () => {
  const text = (source: string) =>
    evaluateValue({ kind: 'text', parts: ['<', { source }, '>'] }, scope, never)
  expect(text('inputs.name')).toBe('<pdu>')
  expect(text('inputs.limit')).toBe('<7>')
  expect(text('inputs.ratio')).toBe('<2.5>')
  expect(text('true')).toBe('<true>')
  expect(text('null')).toBe('<null>')
  expect(text('inputs.tags')).toBe('<["a","b"]>')
})

test('lists and objects keep their literals and evaluate the rest', () => {
  const value = evaluateValue(
    {
      kind: 'object',
      entries: [
        { key: 'a', value: { kind: 'literal', value: { deep: [1] } } },
        { key: 'b', value: { kind: 'list', items: [{ kind: 'expression', source: 'index' }] } },
        { key: 'c', value: { kind: 'output', step: 'graph', name: 'metagraph' } },
      ],
    },
    scope,
    (step, name) => `${step}/${name}`,
  )
  expect(value).toEqual({ a: { deep: [1] }, b: [2], c: 'graph/metagraph' })
})

test('secrets become references and are never evaluated', () => {
  expect(evaluateValue({ kind: 'secret', parts: [{ secret: 'TOKEN' }] }, scope, never)).toEqual({
    $secret: 'TOKEN',
  })
  expect(evaluateValue({ kind: 'secret', parts: ['Bearer ', { secret: 'TOKEN' }] }, scope, never)).toEqual({
    $template: ['Bearer ', { $secret: 'TOKEN' }],
  })
})

test.each<[string, Json]>([
  ['a secret', { $secret: 'TRACKER' }],
  ['a template', { $template: ['x', { $secret: 'TRACKER' }] }],
  ['a nested secret', { list: [{ deep: { $secret: 'TRACKER' } }] }],
])('data that has the form of %s is refused', (_name, data) => {
  const poisoned = { ...scope, steps: { graph: { status: 'completed', outputs: { data } } } }
  const expression = () =>
    evaluateValue({ kind: 'expression', source: 'steps.graph.outputs.data' }, poisoned, never)
  const built = () => evaluateValue({ kind: 'expression', source: '{"$secret": "TRACKER"}' }, scope, never)
  const whole = () => evaluateValue({ kind: 'output', step: 'graph', name: 'data' }, scope, () => data)
  expect(expression).toThrow(/kept for references/)
  expect(built).toThrow(/kept for references/)
  expect(whole).toThrow(/kept for references/)
})

test('an output may travel as a reference, alone or one per item', () => {
  const reference = { $output: { job_run_id: '0198c5a0-0000-7000-8000-000000000000', name: 'graph' } }
  expect(evaluateValue({ kind: 'output', step: 'a', name: 'graph' }, scope, () => reference)).toEqual(
    reference,
  )
  expect(evaluateValue({ kind: 'output', step: 'a', name: 'graph' }, scope, () => [reference, null])).toEqual(
    [reference, null],
  )
})

/** A pipeline run in which step `a` (or its items) is over, with these outputs named `out`. */
function dataWith(slots: OutputSlot[], isList = false): PipelineData {
  const plan = planOf([
    planStep('a', {
      valueOutputs: ['out'],
      usedOutputs: ['out'],
      ...(isList ? { forEach: { kind: 'literal' as const, value: [] } } : {}),
    }),
    planStep('b'),
  ])
  const state = createPipelineRunState(plan, 0)
  const items = slots.map((out, index) => ({ ...createItem(), jobRunId: `r${index}`, outputs: { out } }))
  Object.assign(stepState(state, 'a'), { status: 'completed', items })
  const { step } = createSchedule(plan, state)
  return { id: 'p', step, steps: plan.steps, state, inputs: {} }
}

const inline = (value: Json, sizeBytes = 10): OutputSlot => ({ value, sizeBytes, inlined: true })
const reference = (jobRunId: string) => ({ $output: { job_run_id: jobRunId, name: 'out' } })

describe('an output that is passed whole', () => {
  it('is its value where it is small, else a reference', () => {
    expect(resolveOutput(dataWith([inline({ a: 1 })]), 'a', 'out')).toEqual({ a: 1 })
    expect(resolveOutput(dataWith([inline('long', 5_000)]), 'a', 'out')).toEqual(reference('r0'))
    expect(resolveOutput(dataWith([{ jobRunId: 'r0', sizeBytes: 9, inlined: false }]), 'a', 'out')).toEqual(
      reference('r0'),
    )
  })

  it('is a list in item order for a for_each', () => {
    const data = dataWith([inline(1), inline(2, 5_000)], true)
    expect(resolveOutput(data, 'a', 'out')).toEqual([1, reference('r1')])
  })

  it('is refused where its author made it look like a reference', () => {
    const stolen = { $output: { job_run_id: 'another', name: 'secret' } }
    expect(() => resolveOutput(dataWith([inline(stolen)]), 'a', 'out')).toThrow(/kept for references/)
  })

  it('is missed by name, with how the step ended', () => {
    const data = dataWith([inline(1)])
    stepState(data.state, 'b').status = 'skipped'
    expect(() => resolveOutput(data, 'b', 'out')).toThrow('step b (skipped) has no output named out')
  })
})

describe('the scope of expressions', () => {
  it('looks at a step only when it is read', () => {
    const data = dataWith([inline(1)])
    let looks = 0
    const counted = stepState(data.state, 'a')
    const { items } = counted
    Object.defineProperty(counted, 'items', {
      get: () => {
        looks += 1
        return items
      },
    })
    const value = (source: string) => evaluateValue({ kind: 'expression', source }, scopeOf(data), never)
    expect(value('steps.b.status')).toBe('waiting')
    expect(looks).toBe(0)
    expect(value('steps.a.outputs.out')).toBe(1)
    expect(looks).toBeGreaterThan(0)
  })
})

describe('what has to be fetched first', () => {
  const reads = createReadFinder()
  const away: OutputSlot = { jobRunId: 'r0', sizeBytes: 9, inlined: false }

  it('is what expressions read and only a reference is known of', () => {
    const value = { kind: 'text' as const, parts: ['<', { source: 'steps.a.outputs.out' }, '>'] }
    expect(missingOutputs(dataWith([away]), reads.ofValue(value))).toMatchObject([
      { name: 'out', jobRunId: 'r0' },
    ])
    expect(missingOutputs(dataWith([inline(1)]), reads.ofValue(value))).toEqual([])
  })

  it('is nothing for what travels as a reference', () => {
    const value = { kind: 'output' as const, step: 'a', name: 'out' }
    expect(missingOutputs(dataWith([away]), reads.ofValue(value))).toEqual([])
  })
})
