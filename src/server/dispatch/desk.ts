import type { OutboxItem } from '../ports/index.ts'

/** Where items lie until there is time for them; those of one run are handled one after the other. */
export interface Desk {
  /** Places that are neither taken nor reserved. */
  free(): number
  reserve(): boolean
  release(): void
  /** In the place that was reserved. */
  take(item: OutboxItem): void
  /** Items of one run, of no more runs than there are free places. */
  add(items: readonly OutboxItem[]): void
  /** Resolves once so much is free that it is worth a claim. */
  hasRoom(): Promise<void>
  /** Resolves once all that was taken is handled. */
  settled(): Promise<void>
}

/** For each that is being handled so many more may wait: they are claimed once, and their turn comes within their lease. */
const waitingForEach = 7

/** @param concurrency how many runs' items are handled at a time */
export function createDesk(
  concurrency: number,
  handle: (items: readonly OutboxItem[]) => Promise<void>,
): Desk {
  const places = concurrency * (1 + waitingForEach)
  const queue: (readonly OutboxItem[])[] = []
  const busy = new Map<string, Promise<void>>()
  let working = 0
  let reserved = 0
  let onRoom: (() => void)[] = []

  const free = () => places - reserved - queue.length - working
  const isWorthAClaim = () => free() >= places / 2

  function next(): void {
    while (working < concurrency) {
      const items = queue.shift()
      if (items === undefined) break
      work(items)
    }
    if (!isWorthAClaim()) return
    for (const tell of onRoom) tell()
    onRoom = []
  }

  function work(items: readonly OutboxItem[]): void {
    const jobRunId = items[0]?.jobRunId ?? ''
    working += 1
    const earlier = busy.get(jobRunId) ?? Promise.resolve()
    const handling = earlier
      .then(() => handle(items))
      .finally(() => {
        working -= 1
        if (busy.get(jobRunId) === handling) busy.delete(jobRunId)
        next()
      })
    busy.set(jobRunId, handling)
  }

  const add = (items: readonly OutboxItem[]) => {
    queue.push(items)
    next()
  }
  return {
    free,
    add,
    reserve() {
      if (free() <= 0) return false
      reserved += 1
      return true
    },
    release() {
      reserved -= 1
      next()
    },
    take(item) {
      reserved -= 1
      add([item])
    },
    async hasRoom() {
      if (isWorthAClaim()) return
      await new Promise<void>((resolve) => onRoom.push(resolve))
    },
    async settled() {
      while (busy.size > 0) await Promise.all(busy.values())
    },
  }
}

/** Gathers what comes while a call is under way for the next one. Each promise settles as the call does that its item went with. */
export function batches<T>(call: (items: T[]) => Promise<void>): (item: T) => Promise<void> {
  let waiting: { items: T[]; sent: Promise<void> } | undefined
  let underWay: Promise<unknown> = Promise.resolve()
  return (item) => {
    if (waiting === undefined) {
      const batch: T[] = []
      const sent = underWay.then(() => {
        waiting = undefined
        return call(batch)
      })
      waiting = { items: batch, sent }
      underWay = sent.catch(() => undefined)
    }
    waiting.items.push(item)
    return waiting.sent
  }
}
