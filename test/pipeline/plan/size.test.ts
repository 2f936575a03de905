import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { jsonBytes } from '../../../src/base/json.ts'
import { utf8Bytes } from '../../../src/base/utf8.ts'
import {
  createItem,
  createPipelineRunState,
  type ItemState,
  type OutputSlot,
  type PipelineRunState,
  shrinkState,
  shrinkView,
  stepState,
  viewPipelineRun,
} from '../../../src/pipeline/plan/index.ts'
import { planOf, planStep } from '../../helpers/plans.ts'

it('counts the bytes of any text', () => {
  fc.assert(
    fc.property(fc.string({ unit: 'grapheme' }), (text) => {
      expect(utf8Bytes(text)).toBe(Buffer.byteLength(text))
    }),
  )
})

const plan = planOf([planStep('a')])

function stateWith(items: Partial<ItemState>[]): PipelineRunState {
  const state = createPipelineRunState(plan, 0)
  stepState(state, 'a').items = items.map((item) => ({ ...createItem(), ...item }))
  return state
}

function inlined(value: string): OutputSlot {
  return { value, sizeBytes: jsonBytes(value), inlined: true }
}

describe('a state that must fit', () => {
  it('has the largest values swapped for references, and no more than necessary', () => {
    const state = stateWith([
      { jobRunId: 'r1', outputs: { big: inlined('x'.repeat(10_000)), small: inlined('y') } },
      { jobRunId: 'r2', outputs: { mid: inlined('z'.repeat(2_000)) } },
    ])
    shrinkState(state, 4_000)
    const [first, second] = stepState(state, 'a').items!
    expect(first!.outputs['big']).toEqual({ jobRunId: 'r1', sizeBytes: 10_002, inlined: true })
    expect(first!.outputs['small']).toHaveProperty('value')
    expect(second!.outputs['mid']).toHaveProperty('value')
    expect(jsonBytes(state)).toBeLessThan(4_000)
  })

  it('fits in bytes, whatever the script', () => {
    const state = stateWith([{ jobRunId: 'r', outputs: { text: inlined('漢'.repeat(1_000)) } }])
    shrinkState(state, 2_000)
    expect(jsonBytes(state)).toBeLessThan(2_000)
  })

  it('gives up many small values, too', () => {
    const items = Array.from({ length: 1_000 }, (_, index) => ({
      jobRunId: `r${index}`,
      outputs: { text: inlined('x'.repeat(900)) },
    }))
    const state = stateWith(items)
    shrinkState(state, 500_000)
    expect(jsonBytes(state)).toBeLessThan(500_000)
  })

  it('has its error messages cut, then job runs dropped, and says so', () => {
    const state = stateWith([
      { error: { code: 'bad', message: 'm'.repeat(5_000) }, jobRun: { uuid: 'r', text: 'x'.repeat(5_000) } },
      { jobRun: { uuid: 'small' } },
    ])
    shrinkState(state, 7_000)
    expect(stepState(state, 'a').items![0]!.error!.message).toHaveLength(201)
    expect(state.warnings).toEqual([])
    shrinkState(state, 2_000)
    expect(stepState(state, 'a').items!.map((item) => item.jobRun)).toEqual([null, { uuid: 'small' }])
    expect(state.warnings).toHaveLength(1)
  })
})

it('cuts the messages of a view only where it has to', () => {
  const state = stateWith([{ status: 'failed', error: { code: 'bad', message: 'm'.repeat(5_000) } }])
  const view = viewPipelineRun(plan, state, { id: 'p', finishedAtMs: null, outputs: {} })
  expect(shrinkView(view, 10_000)).toBe(view)
  expect(shrinkView(view, 1_000).steps[0]!.error!.message).toHaveLength(201)
})
