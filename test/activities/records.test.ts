import { describe, expect, it } from 'vitest'
import { readOutputs } from '../../src/activities/read-outputs.ts'
import { toRecord } from '../../src/activities/run-record.ts'
import { decodeWaitRef, encodeWaitRef } from '../../src/activities/wait-ref.ts'
import { JobsClient, type WireJobRun } from '../../src/client/index.ts'
import { jsonBytes } from '../../src/pipeline/plan/index.ts'

function runWith(overrides: Partial<WireJobRun>): WireJobRun {
  return {
    uuid: 'r1',
    job_id: 'j1',
    job_name: 'x',
    job_type: 'x',
    config: { job_type: 'x' },
    status: 'completed',
    created_by: 'a@b',
    created_at: '2026-01-01T00:00:00.000000',
    updated_at: '2026-01-01T00:00:00.000000',
    is_deleted: false,
    output_references: [],
    ...overrides,
  } as WireJobRun
}

describe('what a workflow keeps of a run', () => {
  it('has small values, as far as they fit together, and references to the others', () => {
    const value = 'x'.repeat(15_000)
    const names = Array.from({ length: 50 }, (_, index) => `out${index}`)
    const references = names.map((name) => ({ name, value, size_bytes: 15_002 }))
    const record = toRecord(runWith({ output_references: references }))
    expect(record.outputs['out0']).toEqual({ value, sizeBytes: 15_002, inlined: true })
    expect(record.outputs['out49']).toEqual({ jobRunId: 'r1', sizeBytes: 15_002, inlined: false })
    expect(jsonBytes(record)).toBeLessThan(100 * 1024)
  })

  it('is bounded, whatever a server says', () => {
    const record = toRecord(
      runWith({
        status: 'failed',
        error: { code: 'bad', message: 'm'.repeat(100_000) },
        output_references: Array.from({ length: 1_000 }, () => ({ anything: 'x'.repeat(1_000) })),
      }),
    )
    expect(record.error?.message).toHaveLength(4_000)
    expect(jsonBytes(record)).toBeLessThan(300 * 1024)
  })
})

it('an output that is not the JSON that it says it is fails the step, and is not tried for ever', async () => {
  const answers = async () => new Response('{ "half": ', { headers: { 'content-type': 'application/json' } })
  const api = new JobsClient({ baseUrl: 'http://127.0.0.1:1/api/v1', token: 't', fetch: answers })
  await expect(
    readOutputs(api, { connection: 'default', outputs: [{ jobRunId: 'r1', name: 'half' }] }),
  ).rejects.toMatchObject({ nonRetryable: true, type: 'output_not_readable' })
})

it('a reference names a wait, and nothing else is taken for one', () => {
  const wait = { namespace: 'default', workflowId: 'w"[ä', activityId: 'a/-/1/wait' }
  expect(decodeWaitRef(encodeWaitRef(wait))).toEqual(wait)
  expect(decodeWaitRef(encodeWaitRef({ ...wait, activityId: 'watch' }))).toBeUndefined()
  for (const other of [null, '', 'mine', '["jobwright/1",', '["jobwright/1",1,2,3]'])
    expect(decodeWaitRef(other)).toBeUndefined()
})
