import { startDeadline } from './deadline.ts'
import { classifyFetchFailure, JobsApiError } from './errors.ts'
import { Exchange } from './exchange.ts'
import { buildPath, namesSecret, normalizeBaseUrl } from './request.ts'
import type { JobsClientOptions, Target } from './transport.ts'

/** More than two heartbeats of a server: what is silent for so long is not there any more. */
const silenceMs = 45_000
/** Of an answer that is no stream. */
const problemBytes = 64 * 1024

export interface StreamCall {
  params: Readonly<Record<string, string>>
  lastEventId: string | undefined
  signal: AbortSignal | undefined
}

/**
 * Opens a stream of server-sent events, and gives its text as it comes; undefined when the server says that there is nothing more.
 * @throws JobsApiError for anything but 2xx
 */
export async function openEventStream(
  { baseUrl, token, headers: always = {}, fetch = globalThis.fetch, timeoutMs = 10_000 }: JobsClientOptions,
  target: Target,
  { params, lastEventId, signal }: StreamCall,
): Promise<AsyncGenerator<string, void, undefined> | undefined> {
  const url = `${normalizeBaseUrl(baseUrl)}${buildPath(target.path, params)}`
  const exchange = new Exchange(target.method, url)
  for (const [name, value] of Object.entries(always)) if (namesSecret(name)) exchange.keepOut(value)
  const given = typeof token === 'string' ? token : await token()
  exchange.keepOut(given)
  const headers = new Headers({ accept: 'text/event-stream', ...always, authorization: `Bearer ${given}` })
  if (lastEventId !== undefined) headers.set('last-event-id', lastEventId)
  const reading = new AbortController()
  const stop = () => reading.abort()
  signal?.addEventListener('abort', stop, { once: true })
  const release = () => signal?.removeEventListener('abort', stop)
  const deadline = startDeadline(timeoutMs, reading.signal)
  try {
    // Its signal goes with the whole stream: only what comes until the headers has the time limit.
    const sent = fetch(url, { headers, redirect: 'manual', cache: 'no-store', signal: reading.signal })
    deadline.signal.addEventListener('abort', stop, { once: true })
    const response = await sent
    if (response.status === 204) {
      release()
      return undefined
    }
    if (!response.ok || response.body === null) {
      const body = new Uint8Array(await response.arrayBuffer()).subarray(0, problemBytes)
      throw exchange.refusedBy({ status: response.status, headers: response.headers, body })
    }
    return textOf(response.body, { exchange, stop, release })
  } catch (error) {
    release()
    throw failureOf(error, exchange)
  } finally {
    deadline.release()
  }
}

async function* textOf(
  body: ReadableStream<Uint8Array>,
  { exchange, stop, release }: { exchange: Exchange; stop: () => void; release: () => void },
): AsyncGenerator<string, void, undefined> {
  const decoder = new TextDecoder()
  const reader = body.getReader()
  try {
    for (;;) {
      const silent = setTimeout(stop, silenceMs)
      const { value, done } = await reader.read().finally(() => clearTimeout(silent))
      if (done) return
      yield decoder.decode(value, { stream: true })
    }
  } catch (error) {
    throw failureOf(error, exchange)
  } finally {
    release()
    // Also where nobody reads on: the connection goes with it.
    stop()
  }
}

function failureOf(error: unknown, exchange: Exchange): unknown {
  return error instanceof JobsApiError ? error : exchange.fail(classifyFetchFailure(error))
}
