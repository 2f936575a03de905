import { describe, expect, it } from 'vitest'
import {
  createItem,
  createPipelineRunState,
  decideStart,
  isFailing,
  mayStartItem,
  type PipelinePlan,
  type PipelineRunState,
  pipelineStatus,
  retryDelayMs,
  type StepStatus,
  statusOfItems,
  stepState,
  summarizeNeeds,
} from '../../../src/pipeline/plan/index.ts'
import { planOf, planStep } from '../../helpers/plans.ts'

function stateWith(plan: PipelinePlan, statuses: Record<string, StepStatus>): PipelineRunState {
  const state = createPipelineRunState(plan, 0)
  for (const [id, status] of Object.entries(statuses)) stepState(state, id).status = status
  return state
}

const calm = { failing: false, cancelRequested: false, cleansUp: true }

describe('whether a ready step starts', () => {
  const step = (overrides = {}) => planStep('b', { needs: ['a'], ...overrides })
  const always = { source: 'always()', statusFunctions: ['always' as const] }
  const completedOnly = { source: 'completed() && true', statusFunctions: ['completed' as const] }

  it('starts when its needs completed', () => {
    expect(decideStart(step(), { completed: true, failed: false }, calm)).toBe('start')
  })

  it('is skipped with its needs, unless its if names a status function', () => {
    const needs = { completed: false, failed: true }
    expect(decideStart(step(), needs, calm)).toBe('skip')
    expect(decideStart(step({ if: { source: 'inputs.x', statusFunctions: [] } }), needs, calm)).toBe('skip')
    expect(decideStart(step({ if: always }), needs, calm)).toBe('evaluate')
  })

  it('starts after a failure of the run only when its if names failed() or always()', () => {
    const failing = { ...calm, failing: true }
    const needs = { completed: true, failed: false }
    expect(decideStart(step(), needs, failing)).toBe('skip')
    expect(decideStart(step({ if: completedOnly }), needs, failing)).toBe('skip')
    expect(decideStart(step({ if: always }), needs, failing)).toBe('evaluate')
  })

  it('starts after a cancel only to clean up, while there is time for that', () => {
    const needs = { completed: true, failed: true }
    const cancel = { ...calm, cancelRequested: true }
    const named = (name: 'failed' | 'cancelled') => ({ source: `${name}()`, statusFunctions: [name] })
    expect(decideStart(step({ if: always }), needs, cancel)).toBe('evaluate')
    expect(decideStart(step({ if: named('cancelled') }), needs, { ...cancel, failing: true })).toBe(
      'evaluate',
    )
    expect(decideStart(step({ if: named('failed') }), needs, cancel)).toBe('skip')
    expect(decideStart(step(), needs, cancel)).toBe('skip')
    expect(decideStart(step({ if: always }), needs, { ...cancel, cleansUp: false })).toBe('skip')
  })
})

describe('needs', () => {
  const plan = planOf([planStep('a', { onFailure: 'continue' }), planStep('b')])
  const needs = plan.steps.slice(0, 2)

  it('count a continued failure as done, and as failed for failed()', () => {
    expect(summarizeNeeds(needs, stateWith(plan, { a: 'failed', b: 'completed' }))).toEqual({
      completed: true,
      failed: true,
    })
  })

  it('of a step that starts with any of them count as soon as one does', () => {
    const summary = (statuses: Record<string, StepStatus>) =>
      summarizeNeeds(needs, stateWith(plan, statuses), 'any')
    expect(summary({ a: 'running', b: 'completed' })).toEqual({ completed: true, failed: false })
    expect(summary({ a: 'failed', b: 'running' })).toEqual({ completed: true, failed: true })
    expect(summary({ a: 'skipped', b: 'failed' })).toEqual({ completed: false, failed: true })
    expect(summary({ a: 'skipped', b: 'running' })).toEqual({ completed: false, failed: false })
  })

  it('are not completed when one was skipped', () => {
    expect(summarizeNeeds(needs, stateWith(plan, { a: 'completed', b: 'skipped' }))).toEqual({
      completed: false,
      failed: false,
    })
  })
})

describe('the status of a run', () => {
  const plan = planOf([planStep('a'), planStep('b', { onFailure: 'continue' })])

  it.each([
    [{ a: 'completed', b: 'running' }, false, 'running'],
    [{ a: 'completed', b: 'running' }, true, 'cancelling'],
    [{ a: 'completed', b: 'failed' }, false, 'completed'],
    [{ a: 'failed', b: 'completed' }, false, 'failed'],
    [{ a: 'cancelled', b: 'completed' }, false, 'failed'],
    [{ a: 'completed', b: 'completed' }, true, 'completed'],
    [{ a: 'completed', b: 'skipped' }, true, 'cancelled'],
    [{ a: 'cancelled', b: 'skipped' }, true, 'cancelled'],
  ] as const)('with steps %o and a cancel asked: %s is %s', (statuses, cancelRequested, expected) => {
    const state = stateWith(plan, statuses)
    state.cancelRequested = cancelRequested
    expect(pipelineStatus(plan, state)).toBe(expected)
  })

  it('fails only by a step that was told to fail it', () => {
    expect(isFailing(plan, stateWith(plan, { a: 'completed', b: 'failed' }))).toBe(false)
    expect(isFailing(plan, stateWith(plan, { a: 'failed' }))).toBe(true)
  })
})

describe('items of a for_each', () => {
  const items = (...statuses: StepStatus[]) => statuses.map((status) => ({ ...createItem(), status }))

  it('make a completed step when there are none', () => {
    expect(statusOfItems([])).toBe('completed')
  })

  it('make a failed step when one failed, a cancelled one when some were left out', () => {
    expect(statusOfItems(items('completed', 'failed', 'skipped'))).toBe('failed')
    expect(statusOfItems(items('completed', 'skipped'))).toBe('cancelled')
  })

  it('stop starting after a failure only where the step fails', () => {
    expect(mayStartItem(planStep('a'), items('completed', 'failed'))).toBe(false)
    expect(mayStartItem(planStep('a', { onFailure: 'continue' }), items('completed', 'failed'))).toBe(true)
  })
})

it('doubles the delay between generations up to an hour', () => {
  expect([1, 2, 3, 40].map((generation) => retryDelayMs(5_000, generation))).toEqual([
    5_000, 10_000, 20_000, 3_600_000,
  ])
})
