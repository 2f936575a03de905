/**
 * What goes first when there is not room for all: reports of work that is done and cancels, then what is read of work that was begun,
 * then the rest, new work above all.
 */
export const ranks = ['report', 'follow', 'rest'] as const
export type Rank = (typeof ranks)[number]

export interface TurnsOptions {
  /** Work that takes longer shows that too much is done at a time. */
  slowMs: number
  /** @default Math.random */
  random: () => number
  /** Milliseconds that never go back. */
  now: () => number
}

/** What was done in one turn. */
export interface Done {
  beganAt: number
  /** Without what it waited for changes. */
  workedMs: number
}

/** How many work at a time, and who is next. */
export interface Turns {
  /** Waits for a turn; one that was not had in time, or that nobody wants any more, is none. */
  wait(rank: Rank, bounds: { patienceMs: number; gone: AbortSignal }): Promise<'yours' | 'late' | 'gone'>
  /** Waits for a turn more of what had one before; it is not refused, and goes before all but reports. */
  again(rank: Rank): Promise<void>
  /** Ends a turn. */
  release(): void
  /** Adapts the limit. */
  learn(done: Done): void
  /** How long one that comes now would wait. */
  expectedMs(rank: Rank): number
  /** When one that is refused now may come again: a time of its own, after those before it. */
  comeBackMs(waitedMs: number): number
  state(): { working: number; limit: number; queued: number }
}

/** Nobody knows yet how slow the database is: a first burst must not be late for having been let in at once. */
const startLimit = 4
const lowestLimit = 2
const highestLimit = 256
const slowdown = 0.75
/** Weight of the newest in the mean of how long a turn takes. */
const newest = 0.1
/** Whatever is expected: each one that waits is a connection. */
const longestQueue = 2_000
const longestAwayMs = 30_000

/** Lanes in the order they are served. */
const lanes = ['report', 'again', 'follow', 'rest'] as const

type Lane = Set<(turn: 'yours' | 'late' | 'gone') => void>

class AdaptiveTurns implements Turns {
  readonly #options: TurnsOptions
  readonly #lanes: Readonly<Record<(typeof lanes)[number], Lane>> = {
    report: new Set(),
    again: new Set(),
    follow: new Set(),
    rest: new Set(),
  }
  #limit = startLimit
  #working = 0
  #granting: NodeJS.Immediate | undefined
  #meanMs = 5
  #cutAt = Number.NEGATIVE_INFINITY
  /** When the last of those that were sent away is expected to be done. */
  #takenUntil = Number.NEGATIVE_INFINITY

  constructor(options: TurnsOptions) {
    this.#options = options
  }

  wait(rank: Rank, { patienceMs, gone }: { patienceMs: number; gone: AbortSignal }) {
    if (gone.aborted) return Promise.resolve('gone' as const)
    if (this.#hasRoom()) {
      this.#working += 1
      return Promise.resolve('yours' as const)
    }
    const lane = this.#lanes[rank]
    return new Promise<'yours' | 'late' | 'gone'>((resolve) => {
      const settle = (turn: 'yours' | 'late' | 'gone') => {
        lane.delete(settle)
        clearTimeout(timer)
        gone.removeEventListener('abort', leave)
        resolve(turn)
      }
      const leave = () => settle('gone')
      const timer = setTimeout(() => settle('late'), patienceMs)
      gone.addEventListener('abort', leave, { once: true })
      lane.add(settle)
    })
  }

  again(rank: Rank): Promise<void> {
    if (this.#hasRoom()) {
      this.#working += 1
      return Promise.resolve()
    }
    const lane = this.#lanes[rank === 'report' ? 'report' : 'again']
    return new Promise((resolve) => {
      const settle = () => {
        lane.delete(settle)
        resolve()
      }
      lane.add(settle)
    })
  }

  release(): void {
    this.#working -= 1
    // The embedded database answers without a turn of the event loop: one after another would keep new requests unheard, and late.
    this.#granting ??= setImmediate(() => {
      this.#granting = undefined
      this.#grant()
    })
  }

  #grant(): void {
    while (this.#working < Math.floor(this.#limit)) {
      const next = this.#next()
      if (next === undefined) return
      this.#working += 1
      next('yours')
    }
  }

  learn({ beganAt, workedMs }: Done): void {
    this.#meanMs += (workedMs - this.#meanMs) * newest
    if (workedMs <= this.#options.slowMs) {
      // What nobody needs is not learned from.
      const isUsed = this.#working + 1 >= this.#limit / 2 || this.#queued() > 0
      // Until it was slow once, the limit grows as fast as it can.
      const step = this.#cutAt === Number.NEGATIVE_INFINITY ? 1 : 1 / this.#limit
      if (isUsed) this.#limit = Math.min(highestLimit, this.#limit + step)
    } else if (beganAt >= this.#cutAt) {
      // Those that began before it was cut are slow for what was cut already.
      this.#limit = Math.max(lowestLimit, this.#limit * slowdown)
      this.#cutAt = this.#options.now()
    }
  }

  expectedMs(rank: Rank): number {
    if (this.#hasRoom()) return 0
    if (this.#lanes[rank].size >= longestQueue) return Number.POSITIVE_INFINITY
    const before = lanes.slice(0, lanes.indexOf(rank) + 1).map((lane) => this.#lanes[lane].size)
    return (before.reduce((sum, size) => sum + size, 0) + 1) * this.#intervalMs()
  }

  comeBackMs(waitedMs: number): number {
    const now = this.#options.now()
    const earliest = now + Math.max(waitedMs, this.#queued() * this.#intervalMs())
    this.#takenUntil = Math.min(
      Math.max(earliest, this.#takenUntil + this.#intervalMs()),
      now + longestAwayMs,
    )
    return this.#takenUntil - now + this.#options.random() * 1_000
  }

  state(): { working: number; limit: number; queued: number } {
    return { working: this.#working, limit: Math.floor(this.#limit), queued: this.#queued() }
  }

  /** Between the ends of two turns, when all work. */
  #intervalMs(): number {
    return this.#meanMs / this.#limit
  }

  #queued(): number {
    return lanes.reduce((sum, lane) => sum + this.#lanes[lane].size, 0)
  }

  #hasRoom(): boolean {
    return this.#working < Math.floor(this.#limit) && this.#queued() === 0
  }

  #next(): ((turn: 'yours') => void) | undefined {
    for (const lane of lanes) for (const next of this.#lanes[lane]) return next
    return undefined
  }
}

export function createTurns(options: TurnsOptions): Turns {
  return new AdaptiveTurns(options)
}
