import type { WaitEnd } from './types.ts'

/** Ends that nobody could be told, kept for waits that come back. */
const mostKept = 1_000

/** Ends of runs that somebody has still to be told of; those that nobody asks for any more only for a while. */
export class Ends {
  readonly #ends = new Map<string, WaitEnd>()
  readonly #left = new Set<string>()

  get(key: string): WaitEnd | undefined {
    return this.#ends.get(key)
  }

  set(key: string, end: WaitEnd): void {
    this.#ends.set(key, end)
    this.#left.delete(key)
  }

  delete(key: string): void {
    this.#ends.delete(key)
    this.#left.delete(key)
  }

  /** Nobody waits for it at present. */
  leave(key: string): void {
    // That there is no such run may be different when it is asked for again.
    if (this.#ends.get(key)?.kind === 'ended') this.#left.add(key)
    else this.#ends.delete(key)
    const [oldest] = this.#left
    if (this.#left.size > mostKept && oldest !== undefined) this.delete(oldest)
  }

  /** Somebody waits for it again. */
  claim(key: string): WaitEnd | undefined {
    this.#left.delete(key)
    return this.#ends.get(key)
  }
}
