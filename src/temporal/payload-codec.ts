import { promisify } from 'node:util'
import { deflate, inflate } from 'node:zlib'
import { Client } from '@temporalio/client'
import type { Payload, PayloadCodec } from '@temporalio/common'
import protobuf from 'protobufjs/minimal.js'
import { codeOf } from '../base/causes.ts'
import { JobwrightError } from '../base/errors.ts'

/** Smaller ones stay as they are: whoever looks into Temporal can read them, and there is little to gain. */
const leastBytes = 64 * 1024
/** What is packed is never more than this, and nothing that unpacks to more is taken: far beyond what runs make. */
const mostBytes = 64 * 1024 * 1024
/** As the codecs of other SDKs have it, so that their codec servers read it as well. */
const packedEncoding = 'binary/zlib'

const pack = promisify(deflate)
const unpack = promisify(inflate)

/**
 * Packs large payloads, so that the plan, the state and the view of a big pipeline run fit into what Temporal carries. The workers have it,
 * and `PipelinesClient` and `SchedulesClient` add it to the client that they are given: only who looks at such runs with a client of
 * Temporal needs to name it.
 *
 * @example
 * ```ts
 * import { Client } from '@temporalio/client'
 * import { payloadCodec } from 'jobwright'
 *
 * const client = new Client({ dataConverter: { payloadCodecs: [payloadCodec] } })
 * console.log(await client.workflow.getHandle('nightly-2026-01-01').result())
 * ```
 */
export const payloadCodec: PayloadCodec = {
  encode: (payloads) => Promise.all(payloads.map(packed)),
  decode: (payloads) => Promise.all(payloads.map(unpacked)),
}

/** As options of a worker. */
export const dataConverter = { payloadCodecs: [payloadCodec] }

/** The same client with the codec. */
export function packing(client: Client): Client {
  const { plugins: _, loadedDataConverter, ...options } = client.options
  const { payloadCodecs } = loadedDataConverter
  if (payloadCodecs.includes(payloadCodec)) return client
  return new Client({
    ...options,
    connection: client.connection,
    // The last one is the first that writes: what another one encrypts cannot be packed.
    dataConverter: { ...options.dataConverter, payloadCodecs: [...payloadCodecs, payloadCodec] },
  })
}

/** How much a value takes in Temporal, once it is packed. */
export async function packedBytes(value: unknown): Promise<number> {
  const data = Buffer.from(JSON.stringify(value))
  const { data: kept } = await packed({ metadata: {}, data })
  return kept?.byteLength ?? 0
}

async function packed(payload: Payload): Promise<Payload> {
  const size = payload.data?.byteLength ?? 0
  if (size < leastBytes || size > mostBytes) return payload
  const data = await pack(toBytes(payload))
  if (data.byteLength >= size) return payload
  return { metadata: { encoding: Buffer.from(packedEncoding) }, data }
}

async function unpacked(payload: Payload): Promise<Payload> {
  if (!isPacked(payload)) return payload
  try {
    // The bytes around the data are few.
    return fromBytes(
      await unpack(payload.data ?? new Uint8Array(), { maxOutputLength: mostBytes + leastBytes }),
    )
  } catch (error) {
    const isTooLarge = codeOf(error) === 'ERR_BUFFER_TOO_LARGE'
    throw new JobwrightError({
      code: 'bad_payload',
      fault: 'unreachable',
      message: isTooLarge
        ? `a payload in Temporal unpacks to more than ${mostBytes} bytes, and was not made by this program`
        : `a payload in Temporal says that it is ${packedEncoding}, and cannot be unpacked`,
      fix: 'see which program has written it',
      cause: error,
    })
  }
}

function isPacked({ metadata }: Payload): boolean {
  const encoding = metadata?.['encoding']
  return encoding !== undefined && encoding !== null && Buffer.from(encoding).toString() === packedEncoding
}

/** A payload as Temporal's wire has it: `map<string, bytes> metadata = 1; bytes data = 2`. */
function toBytes({ metadata, data }: Payload): Uint8Array {
  const writer = protobuf.Writer.create()
  for (const [key, value] of Object.entries(metadata ?? {})) {
    if (!value) continue
    writer.uint32(fieldOf(1)).fork().uint32(fieldOf(1)).string(key).uint32(fieldOf(2)).bytes(value).ldelim()
  }
  return writer
    .uint32(fieldOf(2))
    .bytes(data ?? new Uint8Array())
    .finish()
}

const bytesType = 2
const fieldOf = (number: number): number => (number << 3) | bytesType

function fromBytes(bytes: Uint8Array): Payload {
  const reader = protobuf.Reader.create(bytes)
  const metadata: Record<string, Uint8Array> = {}
  let data = new Uint8Array()
  while (reader.pos < reader.len) {
    const tag = reader.uint32()
    if (tag === fieldOf(1)) {
      const [key, value] = entryFrom(reader, reader.uint32() + reader.pos)
      metadata[key] = value
    } else if (tag === fieldOf(2)) data = Uint8Array.from(reader.bytes())
    else reader.skipType(tag & 7)
  }
  return { metadata, data }
}

function entryFrom(reader: protobuf.Reader, end: number): [string, Uint8Array] {
  let key = ''
  let value = new Uint8Array()
  while (reader.pos < end) {
    const tag = reader.uint32()
    if (tag === fieldOf(1)) key = reader.string()
    else if (tag === fieldOf(2)) value = Uint8Array.from(reader.bytes())
    else reader.skipType(tag & 7)
  }
  return [key, value]
}
