import { deflateSync } from 'node:zlib'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { jsonBytes } from '../../../src/base/json.ts'
import { utf8Bytes } from '../../../src/base/utf8.ts'
import {
  createItem,
  createPipelineRunState,
  fittingView,
  type ItemState,
  type OutputSlot,
  type PipelineRunState,
  packedStateBytes,
  packedViewBytes,
  payloadBytes,
  shrinkState,
  shrinkView,
  stepState,
  viewPipelineRun,
} from '../../../src/pipeline/plan/index.ts'
import { seededRandom } from '../../../src/testing/seeded.ts'
import { montage } from '../../helpers/graphs.ts'
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

describe('a run of ten thousand steps', () => {
  const graph = montage(1_990)
  const big = planOf(graph.map(({ id, needs }) => planStep(id, { needs })))
  const random = seededRandom('sizes')
  const uuid = () =>
    '00000000-0000-4000-8000-000000000000'.replaceAll('0', () => Math.floor(random() * 16).toString(16))
  const packed = (value: unknown) => deflateSync(JSON.stringify(value)).byteLength
  const viewOf = (state: PipelineRunState) =>
    viewPipelineRun(big, state, { id: 'p', finishedAtMs: null, outputs: {} })

  /** All of them over, each with an item of its own making. */
  function stateOf(item: () => Partial<ItemState>): PipelineRunState {
    const state = createPipelineRunState(big, Date.UTC(2026, 0, 1))
    let now = state.startedAtMs
    for (const own of Object.values(state.steps)) {
      now += Math.floor(random() * 20)
      const times = { startedAtMs: now - Math.floor(random() * 60_000), finishedAtMs: now }
      const ids = { seq: now % 100_000, generation: 1, jobId: uuid(), jobRunId: uuid() }
      own.status = 'completed'
      own.items = [{ ...createItem(), status: 'completed', ...times, ...ids, ...item() }]
    }
    return state
  }
  const kinds: [string, () => Partial<ItemState>][] = [
    ['that are done', () => ({})],
    [
      'whose outputs are elsewhere',
      () => ({ outputs: { text: { jobRunId: 'r', sizeBytes: 9_999, inlined: false } } }),
    ],
    ['with outputs that do not get smaller', () => ({ outputs: { text: inlined(uuid()) } })],
    ['that failed alike', () => ({ status: 'failed', error: { code: 'bad', message: 'm'.repeat(100) } })],
    ['that failed each in its way', () => ({ status: 'failed', error: { code: 'bad', message: uuid() } })],
  ]

  it.each(kinds)('takes no more than is reckoned, and fits: steps %s', (_, item) => {
    const state = stateOf(item)
    expect(packed(state)).toBeLessThan(packedStateBytes(state))
    expect(packed(viewOf(state))).toBeLessThan(packedViewBytes(viewOf(state)))
    shrinkState(state, payloadBytes - packed(big), packedStateBytes)
    expect(packed({ plan: big, state })).toBeLessThan(payloadBytes)
    expect(packed(fittingView(viewOf(state)))).toBeLessThan(payloadBytes)
  })

  it('keeps its messages whole where they fit', () => {
    const state = stateOf(() => ({ status: 'failed', error: { code: 'bad', message: 'm'.repeat(300) } }))
    shrinkState(state, payloadBytes - packed(big), packedStateBytes)
    expect(viewOf(state).steps[0]?.error?.message).toHaveLength(300)
    expect(fittingView(viewOf(state)).steps[0]?.error?.message).toHaveLength(300)
  })
})
