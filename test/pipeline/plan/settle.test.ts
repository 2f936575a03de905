import { describe, expect, it } from 'vitest'
import type { Json } from '../../../src/base/json.ts'
import {
  allowsRetry,
  applyRecord,
  createItem,
  type JobRunRecord,
  settle,
  settleGeneration,
} from '../../../src/pipeline/plan/index.ts'
import { planOf, planStep } from '../../helpers/plans.ts'

function record(status: string, overrides: Partial<JobRunRecord> = {}): JobRunRecord {
  return { jobId: 'job', jobRunId: 'run', status, error: null, outputs: {}, jobRun: null, ...overrides }
}

const jobRunOf = (finished: string, cancelled: string | null) => ({
  created_at: '2026-01-01T00:00:00',
  finished_at: `2026-01-01T${finished}`,
  cancel_requested_at: cancelled,
})

describe('what a generation amounts to', () => {
  it('is completed when the run completed first, whatever was asked meanwhile', () => {
    for (const kind of ['record', 'cancelled'] as const)
      expect(settle({ kind, record: record('completed') }, 1)).toEqual({ status: 'completed', error: null })
  })

  it.each<[string, string, Json]>([
    ['completed', 'in time, and word of it came late', jobRunOf('00:00:01', null)],
    ['failed', 'after its time', jobRunOf('00:00:01.001', null)],
    ['failed', 'on the cancel that its timeout sent', jobRunOf('00:00:00.5', '2026-01-01T00:00:00.4')],
    ['failed', 'nobody knows when', null],
  ])('is %s when the time was up and the run completed %s', (status, _, jobRun) => {
    expect(settle({ kind: 'timeout', record: record('completed', { jobRun }) }, 1000).status).toBe(status)
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

  it('does not try again what a person gave up, as it may have been triggered', () => {
    const error = { code: 'trigger_unknown', message: 'given up' }
    expect(settle({ kind: 'error', error, record: null }, undefined)).toEqual({ status: 'failed', error })
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

it('that is cancelled says so when the server knows nothing of its job run any more', () => {
  const cancelled = { kind: 'cancelled', record: null } as const
  const begun = { ...createItem(), jobRunId: 'run' }
  expect(settleGeneration(planStep('a'), begun, cancelled).status).toBe('cancelled')
  expect(begun.error).toMatchObject({
    code: 'unknown_job_run',
    message: expect.stringContaining('job run run any more; whether it is at work is not known'),
  })
  const unbegun = createItem()
  settleGeneration(planStep('a'), unbegun, cancelled)
  expect(unbegun.error).toBeNull()
  // Of a nested pipeline run, which is on no server.
  const nested = { ...createItem(), jobRunId: 'run' }
  const target = { kind: 'pipeline', pipeline: planOf([]) } as const
  settleGeneration(planStep('a', { target }), nested, cancelled)
  expect(nested.error).toBeNull()
})

describe('another generation', () => {
  const failed = settle({ kind: 'record', record: record('failed') }, undefined)
  const item = { ...createItem(), generation: 2 }

  it('comes only within the number allowed and for the reasons named', () => {
    const retry = (generations: number, on: ('failed' | 'timeout' | 'rejected')[]) =>
      planStep('a', { retry: { generations, backoffMs: 1, on } })
    expect(allowsRetry(retry(3, ['failed']), item, failed)).toBe(true)
    expect(allowsRetry(retry(2, ['failed']), item, failed)).toBe(false)
    expect(allowsRetry(retry(3, ['timeout']), item, failed)).toBe(false)
  })
})

it('keeps only the outputs that the plan uses', () => {
  const item = createItem()
  const outputs = {
    kept: { value: 1, sizeBytes: 1, inlined: true },
    dropped: { value: 2, sizeBytes: 1, inlined: true },
  }
  applyRecord(
    item,
    planStep('a', { usedOutputs: ['kept', 'absent'] }),
    record('completed', { outputs, jobRun: { uuid: 'run' } }),
  )
  expect(item.outputs).toEqual({ kept: outputs.kept })
  expect(item.jobRun).toBeNull()
})
