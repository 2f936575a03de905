import { randomBytes } from 'node:crypto'
import { deflateSync } from 'node:zlib'
import { temporal } from '@temporalio/proto'
import { expect, test } from 'vitest'
import { decodeHistory } from '../../src/executions/index.ts'
import { lazyTemporalClient, packing, payloadCodec } from '../../src/temporal/index.ts'

const wire = temporal.api.common.v1.Payload
const threshold = 64 * 1024
const jsonOf = (value: unknown) => ({
  metadata: { encoding: Buffer.from('json/plain'), kind: Buffer.from('täst') },
  data: Buffer.from(JSON.stringify(value)),
})
const textIn = (bytes: Uint8Array | null | undefined) => Buffer.from(bytes ?? []).toString()
const packedAs = (bytes: Uint8Array) => ({
  metadata: { encoding: Buffer.from('binary/zlib') },
  data: deflateSync(bytes),
})

test('a large payload is packed, with all that it was within it; a small one stays as it is', async () => {
  const small = jsonOf('a'.repeat(threshold - 10))
  const large = jsonOf('a'.repeat(threshold))
  const [same, packed] = await payloadCodec.encode([small, large])
  expect(same).toBe(small)
  expect(textIn(packed?.metadata?.['encoding'])).toBe('binary/zlib')
  expect(packed?.data?.byteLength).toBeLessThan(1024)
  const [first, unpacked] = await payloadCodec.decode([small, packed ?? {}])
  expect(first).toBe(small)
  expect(textIn(unpacked?.metadata?.['kind'])).toBe('täst')
  expect(textIn(unpacked?.data)).toBe(textIn(large.data))
})

test('it is what codecs of other SDKs write and read', async () => {
  const original = jsonOf({ of: 'another SDK' })
  const [read] = await payloadCodec.decode([packedAs(wire.encode(original).finish())])
  expect(textIn(read?.data)).toBe(textIn(original.data))
  expect(textIn(read?.metadata?.['encoding'])).toBe('json/plain')
})

test('what does not get smaller stays as it is', async () => {
  const payload = { metadata: { encoding: Buffer.from('binary/plain') }, data: randomBytes(threshold) }
  const [same] = await payloadCodec.encode([payload])
  expect(same).toBe(payload)
})

test('what unpacks to more than anything of ours, or not at all, is refused', async () => {
  const bomb = packedAs(Buffer.alloc(80 * 1024 * 1024))
  await expect(payloadCodec.decode([bomb])).rejects.toMatchObject({ code: 'bad_payload' })
  const broken = { metadata: { encoding: Buffer.from('binary/zlib') }, data: Buffer.from('no zlib') }
  await expect(payloadCodec.decode([broken])).rejects.toMatchObject({ code: 'bad_payload' })
})

test('a history is read as it was, wherever its payloads stand; a client without the codec leaves them', async () => {
  const [packed = {}] = await payloadCodec.encode([jsonOf('b'.repeat(threshold))])
  const historyOf = () => ({
    events: [
      { workflowExecutionStartedEventAttributes: { input: { payloads: [packed] } } },
      { markerRecordedEventAttributes: { details: { result: { payloads: [packed] } } } },
      {
        workflowExecutionFailedEventAttributes: {
          failure: { applicationFailureInfo: { details: { payloads: [packed] } } },
        },
      },
    ],
  })
  const bare = lazyTemporalClient({ address: '127.0.0.1:1', namespace: 'default' })
  const client = packing(bare)
  expect(packing(client)).toBe(client)
  const decoded = await decodeHistory(client, historyOf() as never)
  const [started, marker, failed] = decoded.events ?? []
  for (const payloads of [
    started?.workflowExecutionStartedEventAttributes?.input?.payloads,
    marker?.markerRecordedEventAttributes?.details?.['result']?.payloads,
    failed?.workflowExecutionFailedEventAttributes?.failure?.applicationFailureInfo?.details?.payloads,
  ])
    expect(textIn(payloads?.[0]?.data)).toMatch(/^"b+"$/)
  const left = await decodeHistory(bare, historyOf() as never)
  expect(left.events?.[0]?.workflowExecutionStartedEventAttributes?.input?.payloads?.[0]).toEqual(packed)
})
