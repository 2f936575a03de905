import type { CancellationScope } from '@temporalio/workflow'

/** A line of waiters: first come, first served, and one at a time. A cancel of the scope sends all of them away. */
export interface Line {
  /** Resolves when it is this one's turn; rejects with the cancellation. */
  join(): Promise<void>
  /** Lets the first one go on; false when nobody waits. */
  serve(): boolean
}

export function createLine(scope: Pick<CancellationScope, 'cancelRequested'>): Line {
  let waiters: { resolve: () => void; reject: (cancellation: unknown) => void }[] = []
  let cancellation: { error: unknown } | undefined
  scope.cancelRequested.catch((error: unknown) => {
    cancellation = { error }
    const all = waiters
    waiters = []
    for (const { reject } of all) reject(error)
  })
  return {
    join() {
      if (cancellation) return Promise.reject(cancellation.error)
      return new Promise((resolve, reject) => {
        waiters.push({ resolve, reject })
      })
    },
    serve() {
      const first = waiters.shift()
      first?.resolve()
      return first !== undefined
    },
  }
}
