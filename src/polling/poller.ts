import { type Clock, systemClock } from './clock.ts'
import { Deliveries } from './deliveries.ts'
import { Ends } from './ends.ts'
import { Lookout } from './lookout.ts'
import { type Answer, failureOf, type Look } from './looks.ts'
import type { Outcome } from './state.ts'
import type { Poller, PollerOptions, Wait } from './types.ts'
import { keyOf } from './watched.ts'

/** A stop does not wait longer for those who are just being told. */
const stopPatienceMs = 2_000

/**
 * Finds the ends of job runs on a server without a change feed, for all waits of this process on one connection together: it lists what is
 * active, confirms what vanished, and never spends more than its budget. Holds no timer while nobody waits.
 */
export function createPoller(options: PollerOptions, clock: Clock = systemClock): Poller {
  return new BatchPoller(options, clock)
}

class BatchPoller implements Poller {
  readonly #options: PollerOptions
  readonly #clock: Clock
  readonly #lookout: Lookout
  readonly #deliveries: Deliveries
  readonly #ends = new Ends()
  readonly #waits = new Map<string, Wait>()
  /** The waits for each run. */
  readonly #idsOf = new Map<string, string[]>()
  readonly #stopped = new AbortController()
  #alarm: { atMs: number; cancel: () => void } | undefined

  constructor(options: PollerOptions, clock: Clock) {
    this.#options = options
    this.#clock = clock
    this.#lookout = new Lookout({
      requestsPerSecond: options.requestsPerSecond ?? 5,
      listingMs: options.listingMs ?? 60_000,
      random: () => clock.random(),
      nowMs: clock.now(),
    })
    this.#deliveries = new Deliveries({
      deliver: options.deliver,
      clock,
      onSettled: (id, how) => this.#settled(id, how),
    })
  }

  add(wait: Wait): void {
    if (this.#stopped.signal.aborted) return
    const key = keyOf(wait.jobRunId)
    const known = this.#waits.get(wait.id)
    if (known && keyOf(known.jobRunId) !== key) this.remove(wait.id)
    this.#waits.set(wait.id, wait)
    const ids = this.#idsOf.get(key)
    if (!ids) this.#idsOf.set(key, [wait.id])
    else if (!ids.includes(wait.id)) ids.push(wait.id)
    const end = this.#ends.claim(key)
    if (end) this.#deliveries.push(wait.id, end)
    else this.#alarmAt(this.#lookout.add(wait.jobRunId, wait.createdAt, this.#clock.now()))
  }

  remove(id: string): void {
    this.#deliveries.cancel(id)
    const key = this.#forget(id)
    if (key !== undefined) this.#ends.delete(key)
  }

  lastSeen(jobRunId: string) {
    const end = this.#ends.get(keyOf(jobRunId))
    return end?.kind === 'ended' ? end.run : undefined
  }

  size(): number {
    return this.#waits.size
  }

  trouble() {
    const trouble = this.#lookout.trouble
    if (!trouble || this.#waits.size === 0) return null
    return { sinceMs: Date.now() - (this.#clock.now() - trouble.sinceMs), message: trouble.message }
  }

  async stop(): Promise<Wait[]> {
    this.#stopped.abort()
    this.#silence()
    await Promise.race([
      this.#deliveries.stop(),
      new Promise<void>((resolve) => this.#clock.after(stopPatienceMs, resolve)),
    ])
    return [...this.#waits.values()]
  }

  /** @returns the key of the run, when nobody waits for it any more */
  #forget(id: string): string | undefined {
    const wait = this.#waits.get(id)
    if (!wait) return undefined
    this.#waits.delete(id)
    const key = keyOf(wait.jobRunId)
    const left = (this.#idsOf.get(key) ?? []).filter((one) => one !== id)
    if (left.length > 0) {
      this.#idsOf.set(key, left)
      return undefined
    }
    this.#idsOf.delete(key)
    this.#lookout.remove(key)
    if (this.#lookout.size === 0) this.#silence()
    return key
  }

  #settled(id: string, how: 'delivered' | 'left'): void {
    const key = this.#forget(id)
    if (key === undefined) return
    if (how === 'left') this.#ends.leave(key)
    else this.#ends.delete(key)
  }

  #silence(): void {
    this.#alarm?.cancel()
    this.#alarm = undefined
  }

  #alarmAt(atMs: number): void {
    if (this.#alarm && this.#alarm.atMs <= atMs) return
    this.#silence()
    if (atMs === Number.POSITIVE_INFINITY || this.#stopped.signal.aborted) return
    const cancel = this.#clock.after(Math.max(0, atMs - this.#clock.now()), () => {
      this.#alarm = undefined
      this.#look()
    })
    this.#alarm = { atMs, cancel }
  }

  /** Asks all that is to be asked now, and sets the alarm for what is to be asked next. */
  #look(): void {
    while (!this.#stopped.signal.aborted) {
      const step = this.#lookout.next(this.#clock.now())
      if (step.kind === 'wait') {
        this.#silence()
        this.#alarmAt(step.untilMs)
        return
      }
      void this.#ask(step.look)
    }
  }

  async #ask(look: Look): Promise<void> {
    const outcome = await this.#answerTo(look).then(
      (answer) => this.#lookout.answered(look, answer, this.#clock.now()),
      (error: unknown) => this.#lookout.failed(look, failureOf(look, error), this.#clock.now()),
    )
    if (this.#stopped.signal.aborted) return
    this.#tell(outcome)
    this.#look()
  }

  #tell({ ends, warnings }: Outcome): void {
    for (const { key, end } of ends) {
      this.#ends.set(key, end)
      for (const id of this.#idsOf.get(key) ?? []) this.#deliveries.push(id, end)
    }
    for (const warning of warnings) this.#options.onWarning(warning)
  }

  async #answerTo(look: Look): Promise<Answer> {
    const { api } = this.#options
    const { signal } = this.#stopped
    if (look.kind === 'get') return { kind: 'run', run: await api.getJobRun(look.jobRunId, { signal }) }
    const cpuMs = this.#clock.cpuMs()
    const list = await api.listJobRuns(look.query, { signal })
    return { kind: 'list', list, cpuMs: this.#clock.cpuMs() - cpuMs }
  }
}
