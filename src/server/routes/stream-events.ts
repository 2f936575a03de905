import { inRound, pause } from '../../base/abort.ts'
import type { RunEvent } from '../services/run-events.ts'

/** Against proxies that hold back what they have, or make something else of it. */
export const eventHeaders = {
  'Content-Type': 'text/event-stream; charset=utf-8',
  'Cache-Control': 'no-cache, no-transform',
  'X-Accel-Buffering': 'no',
} as const

/** How soon a reader comes back that was cut off, in milliseconds. */
const retryMs = 1_000

/**
 * Server-sent events, a chunk for each list, taken as fast as the reader takes them. A silent stream says now and then that it is there.
 * It ends with the events, or when `end` aborts.
 * @param options.release called once nobody reads any more
 */
export function streamEvents(
  events: AsyncIterator<RunEvent[]>,
  options: { heartbeatMs: number; end: AbortSignal; release: () => void; onError: (error: unknown) => void },
): ReadableStream<Uint8Array> {
  const { heartbeatMs, end, release, onError } = options
  const encoder = new TextEncoder()
  let upcoming: Promise<IteratorResult<RunEvent[]> | 'silence'> | undefined
  let begun = false
  const next = async (): Promise<string | undefined> => {
    if (!begun) {
      begun = true
      return `retry: ${retryMs}\n\n`
    }
    upcoming ??= events.next()
    const arriving = upcoming
    const found = await inRound([end], (round) =>
      Promise.race([arriving, pause(heartbeatMs, round).then(() => 'silence' as const)]),
    )
    if (end.aborted) return undefined
    if (found === 'silence') return ': still here\n\n'
    upcoming = undefined
    return found.done ? undefined : found.value.map(written).join('')
  }
  let isClosed = false
  const close = () => {
    isClosed = true
    release()
    // What is waited for ends with the same signal.
    events.return?.().catch(onError)
  }
  return new ReadableStream<Uint8Array>(
    {
      async pull(controller) {
        try {
          const text = await next()
          if (isClosed) return
          if (text !== undefined) controller.enqueue(encoder.encode(text))
          else {
            controller.close()
            close()
          }
        } catch (error) {
          onError(error)
          controller.error(error)
          close()
        }
      },
      cancel: close,
    },
    { highWaterMark: 0 },
  )
}

/** JSON has no line break outside of its strings, and none inside. */
function written({ event, id, data }: RunEvent): string {
  return `event: ${event}\n${id === undefined ? '' : `id: ${id}\n`}data: ${JSON.stringify(data)}\n\n`
}
