import type { CancellationScope } from '@temporalio/workflow'

/** Told that there is a place; with false, that there will be none, as the scope was cancelled. */
export type Enter = (hasPlace: boolean) => void

/**
 * A bounded number of places, each taken until it is given back; whoever asked first gets the next one.
 * Who waits is a function, not a promise: hundreds may, and each promise of a workflow costs it a stack trace.
 */
export interface Places {
  /** Calls `enter` once there is a place, at once if there is one. `reentry`: what was there before goes on, even beyond the limit. */
  take(enter: Enter, reentry?: boolean): void
  giveBack(): void
  /** Raises the limit. */
  widen(by: number): void
  /** Nobody enters any more but by reentry; who waits, waits for the next execution. */
  close(): void
  /** Takes that back. */
  open(): void
  taken(): number
  waiting(): number
}

export interface PlacesOptions {
  limit: number
  scope: Pick<CancellationScope, 'cancelRequested'>
  /** Asked whenever the limit would make somebody wait: one that earlier versions did not have does not hold in their histories. */
  applies?: () => boolean
}

export function createPlaces({ limit: firstLimit, scope, applies = () => true }: PlacesOptions): Places {
  let limit = firstLimit
  let taken = 0
  let isClosed = false
  let isCancelled = false
  let isServing = false
  let line: Enter[] = []
  scope.cancelRequested.catch(() => {
    isCancelled = true
    const all = line
    line = []
    for (const enter of all) enter(false)
  })

  function admit(enter: Enter): void {
    taken += 1
    enter(true)
  }

  /** A loop and no recursion: who enters may give back at once. */
  function serve(): void {
    if (isServing) return
    isServing = true
    while (!isClosed && taken < limit) {
      const first = line.shift()
      if (!first) break
      admit(first)
    }
    isServing = false
  }

  return {
    take(enter, reentry = false) {
      if (reentry) admit(enter)
      else if (isCancelled) enter(false)
      else if (isClosed || line.length > 0 || (taken >= limit && applies())) line.push(enter)
      else admit(enter)
    },
    giveBack() {
      taken -= 1
      serve()
    },
    widen(by) {
      limit += by
      serve()
    },
    close() {
      isClosed = true
    },
    open() {
      isClosed = false
      serve()
    },
    taken: () => taken,
    waiting: () => line.length,
  }
}

/** The same for somebody who can wait for a promise, but has none to spare where there is no need to wait. */
export function enter(places: Places): boolean | Promise<boolean> {
  let answer: boolean | undefined
  let resolve: Enter | undefined
  places.take((hasPlace) => {
    answer = hasPlace
    resolve?.(hasPlace)
  })
  return (
    answer ??
    new Promise((settle) => {
      resolve = settle
    })
  )
}
