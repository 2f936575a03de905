import type { Clock } from './clock.ts'
import { backoffMs } from './pace.ts'
import type { PollerOptions, WaitEnd } from './types.ts'

/** Ends that are being handed over at a time. */
const mostAtATime = 50
/** "Not now" passes within moments, or the wait comes back by itself. */
const patienceMs = 5_000
const notNowEveryMs = 500
const firstRetryMs = 500
const longestRetryMs = 10_000

interface Delivery {
  readonly id: string
  readonly end: WaitEnd
  /** Of the first "not now". */
  notNowMs: number | undefined
  failures: number
  cancelRetry: (() => void) | undefined
}

export interface DeliveriesOptions {
  deliver: PollerOptions['deliver']
  clock: Clock
  /** `left`: whoever waits could not be told, and comes back. */
  onSettled(id: string, how: 'delivered' | 'left'): void
}

/** Hands ends over, each until it is taken: so many at a time, and none holds up another. */
export class Deliveries {
  readonly #options: DeliveriesOptions
  readonly #open = new Map<string, Delivery>()
  readonly #waiting: Delivery[] = []
  readonly #running = new Set<Promise<void>>()
  #isStopped = false

  constructor(options: DeliveriesOptions) {
    this.#options = options
  }

  /** Once more for the same wait: with new patience. */
  push(id: string, end: WaitEnd): void {
    const known = this.#open.get(id)
    if (known?.end === end) {
      known.notNowMs = undefined
      return
    }
    this.cancel(id)
    const delivery: Delivery = { id, end, notNowMs: undefined, failures: 0, cancelRetry: undefined }
    this.#open.set(id, delivery)
    this.#enqueue(delivery)
  }

  cancel(id: string): void {
    this.#open.get(id)?.cancelRetry?.()
    this.#open.delete(id)
  }

  /** Nothing is begun any more. @returns when what was under way is over */
  async stop(): Promise<void> {
    this.#isStopped = true
    for (const { cancelRetry } of this.#open.values()) cancelRetry?.()
    await Promise.all(this.#running)
  }

  #enqueue(delivery: Delivery): void {
    this.#waiting.push(delivery)
    this.#start()
  }

  #start(): void {
    while (!this.#isStopped && this.#running.size < mostAtATime) {
      const delivery = this.#waiting.shift()
      if (!delivery) return
      if (this.#open.get(delivery.id) !== delivery) continue
      const running = this.#try(delivery).finally(() => {
        this.#running.delete(running)
        this.#start()
      })
      this.#running.add(running)
    }
  }

  async #try(delivery: Delivery): Promise<void> {
    const outcome = await this.#deliver(delivery)
    if (this.#open.get(delivery.id) !== delivery) return
    if (outcome === 'delivered') return this.#settle(delivery, 'delivered')
    if (outcome === 'failed') {
      delivery.failures += 1
      return this.#retryIn(delivery, backoffMs(delivery.failures, firstRetryMs, longestRetryMs))
    }
    delivery.failures = 0
    const nowMs = this.#options.clock.now()
    delivery.notNowMs ??= nowMs
    if (nowMs - delivery.notNowMs >= patienceMs) return this.#settle(delivery, 'left')
    this.#retryIn(delivery, notNowEveryMs)
  }

  async #deliver({ id, end }: Delivery): Promise<'delivered' | 'not_now' | 'failed'> {
    try {
      return await this.#options.deliver(id, end)
    } catch {
      // Whoever is to be told is away as a whole; its owner sees that better than we do.
      return 'failed'
    }
  }

  #settle({ id }: Delivery, how: 'delivered' | 'left'): void {
    this.#open.delete(id)
    this.#options.onSettled(id, how)
  }

  #retryIn(delivery: Delivery, ms: number): void {
    if (this.#isStopped) return
    const { clock } = this.#options
    delivery.cancelRetry = clock.after(ms * (1 + clock.random() / 4), () => {
      delivery.cancelRetry = undefined
      this.#enqueue(delivery)
    })
  }
}
