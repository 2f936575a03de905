import { type CancellationScope, sleep } from '@temporalio/workflow'
import type { Changes } from './versions.ts'

/** Wakes those who wait for an instant, by one timer for all: hundreds that fire together would fail the workflow task that runs. */
export interface Alarm {
  /** Resolves at that instant; rejects with the cancellation of the scope. */
  at(instantMs: number): Promise<void>
}

interface Sleeper {
  atMs: number
  wake: () => void
  fail: (cancellation: unknown) => void
}

export function createAlarm(scope: Pick<CancellationScope, 'cancelRequested'>, has: Changes): Alarm {
  let sleepers: Sleeper[] = []
  let nextMs = Number.POSITIVE_INFINITY
  let cancellation: { error: unknown } | undefined
  scope.cancelRequested.catch((error: unknown) => {
    cancellation = { error }
    const all = sleepers
    sleepers = []
    for (const { fail } of all) fail(error)
  })

  /** A timer that comes before all others; those that it comes before still fire, and find less to do. */
  function wind(atMs: number): void {
    nextMs = atMs
    sleep(Math.max(1, atMs - Date.now())).then(
      () => ring(atMs),
      () => {},
    )
  }

  /** @param rungMs of the timer: the clock of another server may not be there yet */
  function ring(rungMs: number): void {
    const now = Math.max(rungMs, Date.now())
    const due = sleepers.filter(({ atMs }) => atMs <= now)
    sleepers = sleepers.filter(({ atMs }) => atMs > now)
    for (const { wake } of due) wake()
    if (nextMs > now) return
    nextMs = Number.POSITIVE_INFINITY
    const firstMs = Math.min(...sleepers.map(({ atMs }) => atMs))
    if (sleepers.length > 0) wind(firstMs)
  }

  return {
    at(atMs) {
      if (cancellation) return Promise.reject(cancellation.error)
      // Earlier versions had a timer for each.
      if (sleepers.length > 0 && !has('one-alarm')) return sleep(Math.max(1, atMs - Date.now()))
      return new Promise((wake, fail) => {
        sleepers.push({ atMs, wake, fail })
        if (atMs < nextMs) wind(atMs)
      })
    },
  }
}
