import { describe, expect, it } from 'vitest'
import { createItem, type ItemState, type PlanStep, unbegunRuns } from '../../../src/pipeline/plan/index.ts'
import { planOf, planStep } from '../../helpers/plans.ts'

const list = (values: number[]): Partial<PlanStep> => ({ forEach: { kind: 'literal', value: values } })
const nobodyKnows: Partial<PlanStep> = { forEach: { kind: 'expression', source: 'inputs.list' } }

const fresh = createItem()
const open: ItemState = { ...fresh, status: 'running', generation: 1, generationStartedAtMs: 1 }
const over: ItemState = { ...fresh, status: 'completed', generation: 1 }
const retried = (generation: number): ItemState => ({ ...fresh, status: 'waiting', generation })

const status = 'running'
const unbegun = (step: Partial<PlanStep>, items?: ItemState[]) =>
  unbegunRuns({ steps: [planStep('s', step)] }, { steps: { s: { status, ...(items ? { items } : {}) } } })

describe('Of a step that nothing was evaluated of', () => {
  it.each<[string, Partial<PlanStep>, number | null, number]>([
    ['there is one', {}, null, 1],
    ['there are as many as its list has', list([7, 8, 9]), 0, 3],
    ['there are none where its list is empty', list([]), 0, 0],
    ['there are as many as a workflow task triggers where its list is not known', nobodyKnows, 0, 64],
  ])('%s', (_, step, item, count) => {
    const expected = [{ step: 's', item, count, generation: 1 }]
    expect(unbegun(step)).toEqual(expected)
    expect(unbegunRuns({ steps: [planStep('s', step)] }, { steps: {} })).toEqual(expected)
  })
})

describe('Of a step whose items are known', () => {
  it.each<[string, Partial<PlanStep>, ItemState[], [number | null, number, number][]]>([
    ['one that waits for its turn', {}, [fresh], [[null, 1, 1]]],
    ['one that waits for its next generation', {}, [retried(3)], [[null, 1, 3]]],
    ['none that is open', {}, [open], []],
    ['none that is over', {}, [over], []],
    ['the rest of a list', nobodyKnows, [over, open, fresh, fresh, fresh], [[2, 3, 1]]],
    [
      'those around one that has begun',
      list([1, 2, 3, 4]),
      [fresh, open, fresh, fresh],
      [
        [0, 1, 1],
        [2, 2, 1],
      ],
    ],
    [
      'those of different generations apart',
      list([1, 2, 3, 4]),
      [fresh, retried(2), retried(2), fresh],
      [
        [0, 1, 1],
        [1, 2, 2],
        [3, 1, 1],
      ],
    ],
    ['none where it has none', list([]), [], []],
  ])('%s', (_, step, items, expected) => {
    expect(unbegun(step, items)).toEqual(
      expected.map(([item, count, generation]) => ({ step: 's', item, count, generation })),
    )
  })
})

it('steps that are over, and those that run a pipeline, have none', () => {
  const inner = planOf([planStep('work')], { name: 'inner' })
  const plan = planOf([
    ...(['completed', 'failed', 'cancelled', 'skipped'] as const).map((id) => planStep(id)),
    planStep('nested', { target: { kind: 'pipeline', pipeline: inner } }),
    planStep('last', { needs: ['nested'] }),
  ])
  const done = (['completed', 'failed', 'cancelled', 'skipped'] as const).map((id) => [id, { status: id }])
  expect(unbegunRuns(plan, { steps: Object.fromEntries(done) })).toEqual([
    { step: 'last', item: null, count: 1, generation: 1 },
  ])
})
