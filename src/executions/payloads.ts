import type { Client, WorkflowHandle } from '@temporalio/client'

type History = Awaited<ReturnType<WorkflowHandle['fetchHistory']>>
type Codec = Client['options']['loadedDataConverter']['payloadCodecs'][number]
type Payload = Parameters<Codec['decode']>[0][number]

/** Payloads as they were before the codecs of the client: what is read of a history by hand may be packed. */
export async function decodePayloads(client: Client, payloads: Payload[]): Promise<Payload[]> {
  let decoded = payloads
  for (const codec of client.options.loadedDataConverter.payloadCodecs) decoded = await codec.decode(decoded)
  return decoded
}

/** A history with its payloads as they were before the codecs of the client. */
export async function decodeHistory(client: Client, history: History): Promise<History> {
  const holders: { payloads: Payload[] }[] = []
  for (const event of history.events ?? []) collect(event, holders)
  for (const holder of holders) holder.payloads = await decodePayloads(client, holder.payloads)
  return history
}

/** All lists of payloads in a part of an event, however deep: those of markers are in a map, those of failures in their causes. */
function collect(part: unknown, holders: { payloads: Payload[] }[]): void {
  if (typeof part !== 'object' || part === null || part instanceof Uint8Array) return
  if ('payloads' in part && Array.isArray(part.payloads)) holders.push(part as { payloads: Payload[] })
  else for (const each of Object.values(part)) collect(each, holders)
}
