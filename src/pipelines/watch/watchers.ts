import { AsyncLocalStorage } from 'node:async_hooks'
import type { RunsAccess } from '../access.ts'
import type { PipelineRunView } from '../view.ts'
import { createLatest, type Latest } from './latest.ts'
import { createPlaces } from './places.ts'
import { watchOne } from './watcher.ts'

/** The watchers of one process: one for each run that somebody looks at. */
export interface Watchers {
  /** Views of a run, whosever it is. */
  follow(id: string, signal: AbortSignal | undefined): AsyncGenerator<PipelineRunView, void, undefined>
}

/**
 * @param historyPolls how many histories may be listened to at once
 * @param closing aborts when the connection is let go: nothing comes any more, which is no outage to wait through
 */
export function createWatchers(
  context: Omit<RunsAccess, 'workspace'>,
  historyPolls: number,
  closing?: AbortSignal,
): Watchers {
  const places = createPlaces(historyPolls)
  const watched = new Map<string, Latest<PipelineRunView>>()
  // A watcher belongs to all: not to the deadline or the signal of whoever looked first.
  const apart = AsyncLocalStorage.snapshot()

  function begin(id: string): Latest<PipelineRunView> {
    const left = new AbortController()
    const close = () => {
      latest.end({ reason: closing?.reason })
      left.abort()
    }
    const forget = () => {
      closing?.removeEventListener('abort', close)
      if (watched.get(id) === latest) watched.delete(id)
      left.abort()
    }
    const latest = createLatest<PipelineRunView>(forget)
    watched.set(id, latest)
    closing?.addEventListener('abort', close, { once: true })
    apart(() => watchOne({ ...context, workspace: undefined }, places, id, latest, left.signal)).then(
      () => {
        forget()
        latest.end()
      },
      (reason: unknown) => {
        forget()
        latest.end({ reason })
      },
    )
    return latest
  }

  return {
    async *follow(id, signal) {
      if (signal?.aborted) return
      closing?.throwIfAborted()
      yield* (watched.get(id) ?? begin(id)).follow(signal)
    },
  }
}
