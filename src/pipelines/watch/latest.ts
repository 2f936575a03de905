/** The latest of something, for as many as follow it: who is slow misses what came in between, never the last. */
export interface Latest<T> {
  set(value: T): void
  /** Nothing comes any more; with a reason, whoever follows is thrown it. */
  end(failure?: { reason: unknown }): void
  /** The present value, if there is one, and each that is there when the follower comes for the next. Ends with the signal at once. */
  follow(signal: AbortSignal | undefined): AsyncGenerator<T, void, undefined>
}

/** @param onAlone called when the last follower has left */
export function createLatest<T>(onAlone: () => void): Latest<T> {
  let current: { value: T } | undefined
  let over: { failure: { reason: unknown } | undefined } | undefined
  let followers = 0
  const waiting = new Set<() => void>()
  const wakeAll = () => {
    for (const wake of waiting) wake()
    waiting.clear()
  }
  const change = (signal: AbortSignal | undefined) =>
    new Promise<void>((resolve) => {
      const wake = () => {
        waiting.delete(wake)
        signal?.removeEventListener('abort', wake)
        resolve()
      }
      waiting.add(wake)
      signal?.addEventListener('abort', wake, { once: true })
    })

  async function* follow(signal: AbortSignal | undefined): AsyncGenerator<T, void, undefined> {
    followers += 1
    let seen: { value: T } | undefined
    try {
      while (!signal?.aborted) {
        if (current !== seen && current) {
          seen = current
          yield seen.value
        } else if (over?.failure) throw over.failure.reason
        else if (over) return
        else await change(signal)
      }
    } finally {
      followers -= 1
      if (followers === 0) onAlone()
    }
  }

  return {
    set(value) {
      current = { value }
      wakeAll()
    },
    end(failure) {
      over ??= { failure }
      wakeAll()
    },
    follow,
  }
}
