import { JobwrightError } from '../base/errors.ts'
import type { Operation } from './operations.ts'

/**
 * Where an exchange can be held:
 * - `before_send`: the client sent its request, the server has nothing of it.
 * - `after_send`: the server has the request, and nothing of its answer was read.
 * - `after_commit`: the server has answered, the client has nothing of it.
 * - `before_answer`: as `after_commit`, after what a fault did to the answer, its delay included.
 * - `after_answer`: the client has it all.
 */
export type HoldPoint = 'before_send' | 'after_send' | 'after_commit' | 'before_answer' | 'after_answer'

/** Which exchange is held, and where. */
export interface HoldAt {
  at: HoldPoint
  /** @default every operation */
  operation?: Operation
  /** Only exchanges that it says yes to are counted. @default every one */
  where?: (exchange: HeldExchange) => boolean
  /** Which one that comes by, counted from 1 from now on. @default 1 */
  nth?: number
}

/** An exchange while it is held. */
export interface HeldExchange {
  operation: Operation
  method: string
  path: string
  query: URLSearchParams
  body: string
  /** The server's answer, once there is one. */
  answer?: { status: number; body: string }
  /** Whether somebody still waits for it. */
  isClientWaiting: () => boolean
  /** Cuts the client's connection: it gets no answer, whatever becomes of its request. */
  cut: () => void
}

export interface Hold {
  /** Whether it came by while its client waited for it, or had it just then: what happened meanwhile hit work under way. */
  readonly isReached: boolean
  /** The exchange when it comes by; rejects what `during` threw, after the exchange has gone on. */
  readonly reached: Promise<HeldExchange>
  /** Holds nothing any more that has not come by. */
  takeBack(): void
}

type During = (exchange: HeldExchange) => Promise<void> | void

interface Waiting {
  at: HoldAt
  left: number
  during: During
  resolve: (exchange: HeldExchange) => void
  reject: (error: unknown) => void
  note: (isReached: boolean) => void
}

function neverReached({ at, operation, nth = 1 }: HoldAt): JobwrightError {
  return new JobwrightError({
    code: 'hold_not_reached',
    fault: 'usage',
    message: `no exchange was held at ${at} of ${operation ?? 'any operation'}, number ${nth}`,
    fix: 'name a point that is come by, and see in the log of the proxy what was',
  })
}

/** Holds exchanges where somebody wants to do something meanwhile. */
export class HoldPoints {
  readonly #waiting = new Set<Waiting>()

  on(at: HoldAt, during: During): Hold {
    let isReached = false
    const note = (is: boolean) => {
      isReached = is
    }
    const { promise: reached, resolve, reject } = Promise.withResolvers<HeldExchange>()
    const waiting: Waiting = { at, left: at.nth ?? 1, during, resolve, reject, note }
    this.#waiting.add(waiting)
    // Whoever only looks at `isReached` need not catch it.
    reached.catch(() => {})
    return {
      get isReached() {
        return isReached
      },
      reached,
      takeBack: () => {
        if (this.#waiting.delete(waiting)) reject(neverReached(at))
      },
    }
  }

  async reach(point: HoldPoint, exchange: HeldExchange): Promise<void> {
    for (const waiting of [...this.#waiting]) {
      const { at, during, resolve, reject, note } = waiting
      // Another exchange came by first, while this one was held elsewhere.
      if (!this.#waiting.has(waiting)) continue
      if (at.at !== point || (at.operation !== undefined && at.operation !== exchange.operation)) continue
      if (at.where?.(exchange) === false) continue
      waiting.left -= 1
      if (waiting.left > 0) continue
      this.#waiting.delete(waiting)
      // Who has its answer waits no more, and is at work on it.
      note(point === 'after_answer' || exchange.isClientWaiting())
      try {
        await during(exchange)
        resolve(exchange)
      } catch (error) {
        reject(error)
      }
    }
  }
}
