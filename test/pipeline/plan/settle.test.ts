import { describe, expect, it } from 'vitest'
import {
  applyRecord,
  createItem,
  createRunState,
  mayRetry,
  type RunRecord,
  settle,
  spillOutputs,
  stepState,
} from '../../../src/pipeline/plan/index.ts'
import { planOf, planStep } from '../../helpers/plans.ts'

function record(status: string, overrides: Partial<RunRecord> = {}): RunRecord {
  return { jobId: 'job', jobRunId: 'run', status, error: null, outputs: {}, run: null, ...overrides }
}

describe('what a generation amounts to', () => {
  it('is completed when the run completed first, whatever was asked meanwhile', () => {
    for (const kind of ['record', 'timeout', 'cancelled'] as const)
      expect(settle({ kind, record: record('completed') }, 1)).toEqual({ status: 'completed', error: null })
  })

  it('is cancelled when the pipeline was and nothing had been started', () => {
    expect(settle({ kind: 'cancelled', record: null }, undefined)).toEqual({
      status: 'cancelled',
      error: null,
    })
  })

  it('names the timeout, and whether another try is worth it', () => {
    expect(settle({ kind: 'timeout', record: record('cancelled') }, 50)).toMatchObject({
      status: 'failed',
      error: { code: 'timeout' },
      reason: 'timeout',
    })
  })

  it('says that a run was cancelled from outside, and does not try again', () => {
    const settlement = settle({ kind: 'record', record: record('cancelled') }, undefined)
    expect(settlement).toMatchObject({ status: 'cancelled', error: { code: 'run_cancelled' } })
    expect(settlement.reason).toBeUndefined()
  })

  it('carries the error of the run', () => {
    const error = { code: 'no_documents', message: 'nothing there' }
    expect(settle({ kind: 'record', record: record('failed', { error }) }, undefined)).toEqual({
      status: 'failed',
      error,
      reason: 'failed',
    })
  })
})

describe('another generation', () => {
  const failed = settle({ kind: 'record', record: record('failed') }, undefined)
  const item = { ...createItem(), generation: 2 }

  it('comes only within the attempts and for the reasons named', () => {
    const retry = (attempts: number, on: ('failed' | 'timeout' | 'rejected')[]) =>
      planStep('a', { retry: { attempts, backoffMs: 1, on } })
    expect(mayRetry(retry(3, ['failed']), item, failed)).toBe(true)
    expect(mayRetry(retry(2, ['failed']), item, failed)).toBe(false)
    expect(mayRetry(retry(3, ['timeout']), item, failed)).toBe(false)
  })
})

it('keeps only the outputs that the plan uses', () => {
  const item = createItem()
  const outputs = { kept: { value: 1, sizeBytes: 1 }, dropped: { value: 2, sizeBytes: 1 } }
  applyRecord(
    item,
    planStep('a', { usedOutputs: ['kept', 'absent'] }),
    record('completed', { outputs, run: { uuid: 'run' } }),
  )
  expect(item.outputs).toEqual({ kept: { value: 1, sizeBytes: 1 } })
  expect(item.run).toBeNull()
})

describe('what continue-as-new carries', () => {
  it('swaps the largest values for references until it fits, and keeps small ones', () => {
    const plan = planOf([planStep('a')])
    const state = createRunState(plan, 0)
    const big = 'x'.repeat(10_000)
    stepState(state, 'a').items = [
      {
        ...createItem(),
        jobRunId: 'r1',
        outputs: { big: { value: big, sizeBytes: 10_002 }, small: { value: 'y', sizeBytes: 3 } },
      },
      { ...createItem(), jobRunId: 'r2', outputs: { mid: { value: 'z'.repeat(2_000), sizeBytes: 2_002 } } },
    ]
    spillOutputs(state, 4_000)
    const [first, second] = stepState(state, 'a').items!
    expect(first!.outputs.big).toEqual({ jobRunId: 'r1', sizeBytes: 10_002 })
    expect(first!.outputs.small).toEqual({ value: 'y', sizeBytes: 3 })
    expect(second!.outputs.mid).toHaveProperty('value')
    expect(JSON.stringify(state).length).toBeLessThan(4_000)
  })
})
