import type { ServerResponse } from 'node:http'
import { setTimeout as sleep } from 'node:timers/promises'
import type { Course } from './faults.ts'
import type { Answer } from './seen.ts'

/** What became of a client: it has the whole answer; was cut; or went away by itself. */
export type ClientOutcome = 'answered' | 'cut' | 'gone'

/** Gives the client an answer, or as much of it as the course allows. */
export async function deliver(
  response: ServerResponse,
  answer: Answer | undefined,
  { delivery, byteEveryMs }: Pick<Course, 'delivery' | 'byteEveryMs'>,
  signal: AbortSignal,
): Promise<ClientOutcome> {
  if (isGone(response)) return 'gone'
  if (answer === undefined || delivery === 'nothing') return cut(response)
  const { status, headers, body } = answer
  // An answer without a body has no length: 204, 304.
  const lengthOf =
    body.length === 0 && (status === 204 || status === 304) ? {} : { 'content-length': body.length }
  response.writeHead(status, { ...headers, ...lengthOf })
  if (delivery === 'whole') return await whole(response, body)
  if (delivery === 'drip') return await drip(response, body, byteEveryMs, signal)
  response.flushHeaders()
  await written(response, body.subarray(0, Math.floor(body.length / 2)))
  if (delivery === 'reset') response.socket?.resetAndDestroy()
  return cut(response)
}

export function isGone(response: ServerResponse): boolean {
  return response.destroyed || response.socket?.destroyed === true
}

export function cut(response: ServerResponse): ClientOutcome {
  response.destroy()
  return 'cut'
}

function whole(response: ServerResponse, body: Buffer): Promise<ClientOutcome> {
  return new Promise((resolve) => {
    response.once('finish', () => resolve('answered'))
    response.once('close', () => resolve(response.writableFinished ? 'answered' : 'gone'))
    response.end(body)
  })
}

async function drip(
  response: ServerResponse,
  body: Buffer,
  byteEveryMs: number,
  signal: AbortSignal,
): Promise<ClientOutcome> {
  response.flushHeaders()
  for (const byte of body) {
    if (isGone(response)) return 'gone'
    await written(response, Buffer.from([byte]))
    await sleep(byteEveryMs, undefined, { signal }).catch(() => {})
    if (signal.aborted) return cut(response)
  }
  return await whole(response, Buffer.alloc(0))
}

function written(response: ServerResponse, bytes: Buffer): Promise<void> {
  return new Promise((resolve) => {
    const done = () => {
      response.off('close', done)
      resolve()
    }
    // A connection that has gone takes nothing, and says nothing of it.
    response.once('close', done)
    response.write(bytes, done)
  })
}
