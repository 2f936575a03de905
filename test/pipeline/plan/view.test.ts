import { describe, expect, it } from 'vitest'
import {
  createItem,
  createPipelineRunState,
  type ItemState,
  stepState,
  viewPipelineRun,
} from '../../../src/pipeline/plan/index.ts'
import { beginTrigger, type TriggerState } from '../../../src/protocol/index.ts'
import { planOf, planStep } from '../../helpers/plans.ts'

describe('the view of a run whose steps are all over', () => {
  const plan = planOf([planStep('a')])
  const state = createPipelineRunState(plan, 0)
  stepState(state, 'a').status = 'completed'

  it('is running until its outputs are known, so that nobody takes it for the last one', () => {
    expect(viewPipelineRun(plan, state, { id: 'p', finishedAtMs: null, outputs: {} })).toMatchObject({
      status: 'running',
      finished_at: null,
    })
  })

  it('has its end and its outputs together', () => {
    const view = viewPipelineRun(plan, state, { id: 'p', finishedAtMs: 1000, outputs: { sum: 1 } })
    expect(view).toMatchObject({
      status: 'completed',
      finished_at: '1970-01-01T00:00:01.000Z',
      outputs: { sum: 1 },
    })
  })
})

it('a waiting step says for what, and whether one of it is enough', () => {
  const needs = ['a', 'b']
  const plan = planOf([
    planStep('a'),
    planStep('b'),
    planStep('c', { needs, start: 'any' }),
    planStep('d', { needs }),
  ])
  const state = createPipelineRunState(plan, 0)
  stepState(state, 'a').status = 'failed'
  const { steps } = viewPipelineRun(plan, state, { id: 'p', finishedAtMs: null, outputs: {} })
  expect(steps.slice(2).map(({ waits_for, starts_with }) => [waits_for, starts_with])).toEqual([
    [['b'], 'any'],
    [['b'], undefined],
  ])
})

describe('the view of a step whose trigger takes more than a request', () => {
  const plan = planOf([planStep('a')])
  const job = { jobId: 'j', isOwn: true, madeAtMs: 0, creator: '', before: null, isMarked: false }
  const viewOf = (trigger: Partial<TriggerState>, item: Partial<ItemState>, cancelRequestedAtMs?: number) => {
    const state = createPipelineRunState(plan, 0)
    state.connection = { mode: 'strict', valueReferences: true }
    if (cancelRequestedAtMs !== undefined)
      Object.assign(state, { cancelRequested: true, cancelRequestedAtMs })
    const own = { ...createItem(), generation: 1, trigger: { ...beginTrigger(), job, ...trigger }, ...item }
    Object.assign(stepState(state, 'a'), { status: 'running', items: [own] })
    return viewPipelineRun(plan, state, { id: 'p', finishedAtMs: null, outputs: {} })
  }

  it('tells what a person may decide by, and the run is held', () => {
    const run = { jobRunId: 'r', jobId: 'j', status: 'running', createdAt: 'then', createdBy: 'ada' }
    const view = viewOf(
      { phase: 'parked', posts: 1, sentByMs: 1000, candidates: [{ ...run, sameConfig: null }] },
      { status: 'trigger_unknown' },
    )
    expect(view).toMatchObject({ status: 'held', connection: { name: 'default', mode: 'strict' } })
    expect(view.steps[0]?.unknown_trigger).toEqual({
      job_id: 'j',
      sent_by: '1970-01-01T00:00:01.000Z',
      candidates: [{ job_run_id: 'r', status: 'running', created_at: 'then', created_by: 'ada' }],
    })
  })

  it.each<[string, Partial<TriggerState>, string | undefined]>([
    ['its answer was lost', { phase: 'settle', posts: 1 }, 'looking for a run of job j'],
    ['it did not reach the server', { phase: 'post', problem: 'refused' }, 'refused'],
    ['it is under way', { phase: 'posting', posts: 1 }, undefined],
  ])('says why it does not go on: %s', (_, trigger, trouble) => {
    const [step] = viewOf(trigger, { status: 'pending' }).steps
    if (trouble === undefined) expect(step).not.toHaveProperty('trouble')
    else expect(step?.trouble).toContain(trouble)
  })

  it('says since when it is cancelled', () => {
    const view = viewOf({}, { status: 'cancelling', cancelRequestedAtMs: 3000 }, 2000)
    expect(view).toMatchObject({ status: 'cancelling', cancel_requested_at: '1970-01-01T00:00:02.000Z' })
    expect(view.steps[0]?.cancel_requested_at).toBe('1970-01-01T00:00:03.000Z')
  })
})
