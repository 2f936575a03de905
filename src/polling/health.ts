/** While a server is away it is asked this seldom. */
export const probeEveryMs = 5_000
/** So that the workers that lost a server at the same moment do not come back at the same moment. */
const jitterMs = 750
const shortestPauseMs = 1_000
const longestPauseMs = 60 * 60_000
/** A server that asks for a pause without saying how long: doubled each time. */
const firstPauseMs = 5_000
const longestGuessMs = 60_000

export interface Trouble {
  kind: 'outage' | 'pause'
  sinceMs: number
  message: string
  /** When one request may be sent to see whether it is over. */
  nextMs: number
}

/**
 * Whether a server can be asked: a circuit breaker that also keeps the pauses which a server asks for. In trouble one request at a
 * time is let through, and its answer ends the trouble. Pure, but for what it remembers.
 */
export class Health {
  readonly #random: () => number
  #trouble: Trouble | undefined
  #recoveredMs = Number.NEGATIVE_INFINITY
  #lastSentMs = Number.NEGATIVE_INFINITY
  #pauses = 0

  constructor(random: () => number) {
    this.#random = random
  }

  get trouble(): Trouble | undefined {
    return this.#trouble
  }

  sent(nowMs: number): void {
    this.#lastSentMs = nowMs
    if (this.#trouble) this.#trouble.nextMs = this.#probeAt(nowMs)
  }

  /** @returns whether an outage began with it */
  failed(message: string, sentMs: number, nowMs: number): boolean {
    // What was under way when the server came back says nothing about it now.
    if (sentMs < this.#recoveredMs) return false
    const known = this.#trouble
    if (known) known.message = message
    const began = known?.kind !== 'outage'
    const nextMs = Math.max(known?.nextMs ?? 0, this.#probeAt(Math.max(this.#lastSentMs, sentMs)), nowMs)
    if (began) this.#trouble = { kind: 'outage', sinceMs: known?.sinceMs ?? nowMs, message, nextMs }
    return began
  }

  /** @returns the length of the pause, when one began with it */
  throttled(message: string, retryAfterMs: number | undefined, nowMs: number): number | undefined {
    this.#pauses += 1
    const guess = Math.min(longestGuessMs, firstPauseMs * 2 ** (this.#pauses - 1))
    const lengthMs = Math.min(longestPauseMs, Math.max(shortestPauseMs, retryAfterMs ?? guess))
    const known = this.#trouble
    const nextMs = Math.max(known?.nextMs ?? 0, nowMs + lengthMs)
    this.#trouble = { kind: known?.kind ?? 'pause', sinceMs: known?.sinceMs ?? nowMs, message, nextMs }
    return known === undefined ? lengthMs : undefined
  }

  /** @returns the trouble that is over with it */
  answered(sentMs: number, nowMs: number): Trouble | undefined {
    const over = this.#trouble
    // What was sent before is no news.
    if (over && sentMs <= over.sinceMs) return undefined
    this.#pauses = 0
    if (over) this.#recoveredMs = nowMs
    this.#trouble = undefined
    return over
  }

  #probeAt(nowMs: number): number {
    return nowMs + probeEveryMs + this.#random() * jitterMs
  }
}
