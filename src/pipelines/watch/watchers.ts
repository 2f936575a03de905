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
  /** Ends all of it, and what begins later; whoever follows is thrown the reason. Over when nothing is asked any more. */
  close(reason: Error): Promise<void>
}

interface Watched {
  latest: Latest<PipelineRunView>
  left: AbortController
  done: Promise<void>
}

/** @param historyPolls how many histories may be listened to at once */
export function createWatchers(context: Omit<RunsAccess, 'workspace'>, historyPolls: number): Watchers {
  const places = createPlaces(historyPolls)
  const watched = new Map<string, Watched>()
  let closed: { reason: Error } | undefined
  // A watcher belongs to all: not to the deadline or the signal of whoever looked first.
  const apart = AsyncLocalStorage.snapshot()

  function begin(id: string): Latest<PipelineRunView> {
    const left = new AbortController()
    const forget = () => {
      if (watched.get(id)?.latest === latest) watched.delete(id)
      left.abort()
    }
    const latest = createLatest<PipelineRunView>(forget)
    const watching = apart(() =>
      watchOne({ ...context, workspace: undefined }, places, id, latest, left.signal),
    )
    const done = watching.then(
      () => {
        forget()
        latest.end()
      },
      (reason: unknown) => {
        forget()
        latest.end({ reason })
      },
    )
    watched.set(id, { latest, left, done })
    return latest
  }

  return {
    async *follow(id, signal) {
      if (signal?.aborted) return
      if (closed) throw closed.reason
      yield* (watched.get(id)?.latest ?? begin(id)).follow(signal)
    },
    async close(reason) {
      closed ??= { reason }
      const all = [...watched.values()]
      for (const { latest, left } of all) {
        latest.end({ reason })
        left.abort()
      }
      await Promise.all(all.map(({ done }) => done))
    },
  }
}
