import { type IncomingHttpHeaders, request as requestHttp } from 'node:http'
import { request as requestHttps } from 'node:https'
import { brotliDecompressSync, gunzipSync, inflateSync } from 'node:zlib'
import type { Answer } from './seen.ts'

export interface Outgoing {
  /** Absolute, with its query. */
  url: URL
  method: string
  headers: IncomingHttpHeaders
  body: Buffer
  /** Ends what is under way. */
  signal: AbortSignal
}

export interface Forwarded {
  /** True when all of the request is on its way; false when it cannot be. */
  sent: Promise<boolean>
  /** undefined when the server gave none. */
  answer: Promise<Answer | undefined>
}

/** Of one connection, and so not passed on; nor the length, which is known anew. */
const ownHeaders = ['connection', 'keep-alive', 'transfer-encoding', 'content-length', 'host', 'expect']

/** Sends a request on, by a connection of its own: a connection that was kept could have died unnoticed, and that would be a fault that nobody asked for. */
export function forward({ url, method, headers, body, signal }: Outgoing): Forwarded {
  const send = url.protocol === 'https:' ? requestHttps : requestHttp
  const passed = Object.fromEntries(
    Object.entries(headers).filter(([name]) => !ownHeaders.includes(name) && name !== 'accept-encoding'),
  )
  const request = send(url, {
    method,
    headers: { ...passed, 'accept-encoding': 'identity', 'content-length': body.length },
    agent: false,
    signal,
  })
  const connected = url.protocol === 'https:' ? 'secureConnect' : 'connect'
  const sent = new Promise<boolean>((resolve) => {
    request.once('close', () => resolve(false))
    request.once('finish', () => {
      // What is written before there is a connection is only kept for it.
      if (request.socket?.connecting) request.socket.once(connected, () => resolve(true))
      else resolve(true)
    })
  })
  const answer = new Promise<Answer | undefined>((resolve) => {
    request.once('error', () => resolve(undefined))
    request.once('close', () => resolve(undefined))
    request.once('response', (response) => {
      const chunks: Buffer[] = []
      response.on('data', (chunk: Buffer) => chunks.push(chunk))
      response.once('error', () => resolve(undefined))
      response.once('end', () => {
        const status = response.statusCode ?? 502
        resolve({ status, ...decoded(Buffer.concat(chunks), response.headers) })
      })
    })
  })
  request.end(body)
  return { sent, answer }
}

const decoders: Readonly<Record<string, (bytes: Buffer) => Buffer>> = {
  gzip: gunzipSync,
  deflate: inflateSync,
  br: brotliDecompressSync,
}

/** Some servers compress unasked. What cannot be read passes as it is. */
function decoded(bytes: Buffer, headers: IncomingHttpHeaders): Pick<Answer, 'headers' | 'body'> {
  const passed = Object.fromEntries(
    Object.entries(headers).filter(([name, value]) => value !== undefined && !ownHeaders.includes(name)),
  ) as Answer['headers']
  const { 'content-encoding': encoding, ...plain } = passed
  const decode = typeof encoding === 'string' ? decoders[encoding] : undefined
  if (decode === undefined) return { headers: passed, body: bytes }
  try {
    return { headers: plain, body: decode(bytes) }
  } catch {
    return { headers: passed, body: bytes }
  }
}
