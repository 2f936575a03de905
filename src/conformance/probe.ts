import type { Json } from '../base/json.ts'
import { decodeUtf8 } from '../base/utf8.ts'
import { JobsApiError } from '../client/errors.ts'
import { excerpt } from '../client/request.ts'
import { type Call, createTransport, type JobsClientOptions } from '../client/transport.ts'
import type { RouteDescriptor } from '../contract/index.ts'

/** What a server answered, whatever it was: nothing is read into it, as a client would. */
export interface Seen {
  status: number
  /** undefined for what is no JSON. */
  json: Json | undefined
  contentType: string
  /** The beginning of it, fit for a line. */
  text: string
}

export interface Probe {
  /** @throws JobsApiError when no answer came */
  send(method: RouteDescriptor['method'], path: string, call?: Call): Promise<Seen>
}

function parsed(body: Uint8Array): Json | undefined {
  const decoded = decodeUtf8(body)
  if (!('text' in decoded)) return undefined
  try {
    return JSON.parse(decoded.text) as Json
  } catch {
    return undefined
  }
}

/** Requests as the client sends them (redirects, time limits, the token kept out of everything), and bare answers. */
export function createProbe(options: JobsClientOptions, signal: AbortSignal): Probe {
  const transport = createTransport(options)
  return {
    async send(method, path, call = {}) {
      try {
        const { status, headers, body } = await transport.send({ method, path }, { signal, ...call })
        const text = excerpt(new TextDecoder().decode(body.subarray(0, 4096)), [])
        return { status, json: parsed(body), contentType: headers.get('content-type') ?? '', text }
      } catch (error) {
        if (!(error instanceof JobsApiError) || error.status === undefined) throw error
        const { status, problem, message } = error
        // A refusal is a JSON object when the client could read a problem in it.
        const json = problem === undefined ? undefined : { detail: problem.detail }
        return { status, json, contentType: '', text: message }
      }
    },
  }
}
