/** Requests that may be saved up: few, so that nothing comes as a storm. */
const mostSaved = 5

/** A token bucket: so many requests a second on average. Pure, but for what it remembers. */
export class Budget {
  readonly #perMs: number
  readonly #capacity: number
  #tokens: number
  #atMs: number

  constructor(requestsPerSecond: number, nowMs: number) {
    this.#perMs = requestsPerSecond / 1000
    this.#capacity = Math.max(1, Math.min(mostSaved, requestsPerSecond))
    this.#tokens = this.#capacity
    this.#atMs = nowMs
  }

  /** When the next request may be sent: `nowMs`, or later. */
  readyAtMs(nowMs: number): number {
    this.#fill(nowMs)
    // Rounding must not make a whole token of less, nor less of a whole one for ever.
    return this.#tokens >= 1 - 1e-9 ? nowMs : nowMs + Math.ceil((1 - this.#tokens) / this.#perMs)
  }

  take(nowMs: number): void {
    this.#fill(nowMs)
    this.#tokens -= 1
  }

  /** What was saved up while nothing could be asked is not to be spent at once. */
  forfeit(nowMs: number): void {
    this.#fill(nowMs)
    this.#tokens = Math.min(this.#tokens, 1)
  }

  #fill(nowMs: number): void {
    const gained = Math.max(0, nowMs - this.#atMs) * this.#perMs
    this.#tokens = Math.min(this.#capacity, this.#tokens + gained)
    this.#atMs = Math.max(this.#atMs, nowMs)
  }
}
