import { once } from 'node:events'
import { describe, expect, it } from 'vitest'
import { toRecord } from '../../src/activities/job-run-record.ts'
import { readOutputs } from '../../src/activities/read-outputs.ts'
import {
  decodeEarlierWaiter,
  decodeWaiter,
  encodeWaiter,
  type Waiter,
} from '../../src/activities/wait-ref.ts'
import { jsonBytes } from '../../src/base/json.ts'
import { JobsClient, type WireJobRun } from '../../src/client/index.ts'
import { decodePipelineRef, encodePipelineRef } from '../../src/contract/index.ts'

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
    readOutputs(
      api,
      { connection: 'default', outputs: [{ jobRunId: 'r1', name: 'half' }] },
      new AbortController().signal,
    ),
  ).rejects.toMatchObject({ nonRetryable: true, type: 'output_not_readable' })
})

describe('outputs that are fetched for an expression', () => {
  const never = new AbortController().signal
  const asked = (...names: string[]) => ({
    connection: 'default',
    outputs: names.map((name) => ({ jobRunId: 'r1', name })),
  })
  /** Answers with text of that many KiB, as the reader takes it. */
  function serverOf(kibibytes: number) {
    const seen = { kibibytes: 0 }
    const fetch = async (): Promise<Response> => {
      let left = kibibytes
      const body = new ReadableStream<Uint8Array>({
        pull(controller) {
          if (left === 0) return controller.close()
          left -= 1
          seen.kibibytes += 1
          controller.enqueue(new Uint8Array(1024).fill(0x61))
        },
      })
      return new Response(body, { headers: { 'content-type': 'text/plain' } })
    }
    return { seen, api: new JobsClient({ baseUrl: 'http://127.0.0.1:1/api/v1', token: 't', fetch }) }
  }

  it('are read no further than it takes to see that one is too large', async () => {
    const { api, seen } = serverOf(16 * 1024)
    await expect(readOutputs(api, asked('large'), never)).rejects.toMatchObject({
      nonRetryable: true,
      type: 'output_too_large',
      message: expect.stringContaining('large of job run r1'),
    })
    expect(seen.kibibytes).toBeLessThan(1100)
  })

  it('are refused when they are too large together', async () => {
    const { api } = serverOf(800)
    expect(await readOutputs(api, asked('a'), never)).toEqual(['a'.repeat(800 * 1024)])
    await expect(readOutputs(api, asked('a', 'b'), never)).rejects.toMatchObject({ type: 'output_too_large' })
  })

  it('are not read on after a cancel', async () => {
    const cancellation = new AbortController()
    const fetch = async (request: string | URL | Request): Promise<Response> => {
      const { signal } = request as Request
      setImmediate(() => cancellation.abort())
      await once(signal, 'abort')
      throw signal.reason
    }
    const api = new JobsClient({ baseUrl: 'http://127.0.0.1:1/api/v1', token: 't', fetch })
    await expect(readOutputs(api, asked('slow'), cancellation.signal)).rejects.toMatchObject({
      code: 'aborted',
    })
  })
})

it('a reference names a wait, and nothing else is taken for one', () => {
  const ref = { namespace: 'default', workflowId: 'w"[ä', activityId: 'a/-/1/wait' }
  const activity: Waiter = { kind: 'activity', ref }
  const workflow: Waiter = { kind: 'workflow', ref, kept: { outputs: ['out'], whole: true } }
  for (const wait of [activity, workflow]) {
    expect(decodeWaiter(encodeWaiter(wait))).toEqual(wait)
    expect(decodePipelineRef(encodeWaiter(wait))).toMatchObject(ref)
  }
  const trigger = { ...ref, activityId: 'watch' }
  expect(decodeWaiter(encodeWaiter({ ...activity, ref: trigger }))).toBeUndefined()
  for (const other of [
    null,
    '',
    'mine',
    '["jobwright/1",',
    '["jobwright/1",1,2,3]',
    '["jobwright/wait",1,2,3]',
  ])
    expect(decodeWaiter(other)).toBeUndefined()
  // One that an earlier version wrote is looked after by the watcher that it began.
  expect(decodeEarlierWaiter(encodePipelineRef(ref))).toEqual(activity)
  expect(decodeEarlierWaiter(encodePipelineRef(trigger))).toBeUndefined()
  expect(decodeWaiter(encodePipelineRef(ref))).toBeUndefined()
  expect(decodeEarlierWaiter(encodeWaiter(activity))).toBeUndefined()
})
