import { instantMs } from '../base/instant.ts'
import { Budget } from './budget.ts'
import { choose } from './choose.ts'
import { Health, type Trouble } from './health.ts'
import { miss, postpone, schedule, see } from './judge.ts'
import type { Answer, Failure, Look } from './looks.ts'
import { firstLookMs } from './pace.ts'
import { beginRound, failRound, nextPage, readPage } from './rounds.ts'
import { emptyState, minimumOf, type Outcome, type State } from './state.ts'
import type { PollWarning } from './types.ts'
import { keyOf, type Watched, watch } from './watched.ts'

export type Step = { kind: 'look'; look: Look } | { kind: 'wait'; untilMs: number }

export interface LookoutOptions {
  requestsPerSecond: number
  listingMs: number
  /** Between 0 and 1. */
  random: () => number
  nowMs: number
}

/** Requests at a time. */
const mostAtATime = 6

/**
 * Which run is looked at when, and what an answer means: everything of the poller but time and requests. Whatever the answers are,
 * no run ends without its own terminal status, or a lasting "no such run". Pure, but for what it remembers.
 */
export class Lookout {
  readonly #state: State
  readonly #budget: Budget
  readonly #health: Health
  #underWay = 0

  constructor({ requestsPerSecond, listingMs, random, nowMs }: LookoutOptions) {
    this.#state = emptyState(requestsPerSecond, listingMs)
    this.#budget = new Budget(requestsPerSecond, nowMs)
    this.#health = new Health(random)
  }

  /** Runs that are looked for. */
  get size(): number {
    return this.#state.runs.size
  }

  get trouble(): Trouble | undefined {
    return this.#health.trouble
  }

  /** @returns when it is to be looked at */
  add(jobRunId: string, createdAt: string, nowMs: number): number {
    const state = this.#state
    const known = state.runs.get(keyOf(jobRunId))
    if (known) {
      if (known.createdAt === '') known.createdAt = createdAt
      return known.dueMs
    }
    const run = watch(jobRunId, createdAt, nowMs, nowMs + firstLookMs(minimumOf(state)))
    state.runs.set(run.key, run)
    state.over.delete(run.key)
    const createdMs = instantMs(createdAt)
    if (createdMs > state.newestMs) state.newestMs = createdMs
    return run.dueMs
  }

  remove(key: string): void {
    this.#state.runs.delete(key)
    this.#state.over.delete(key)
  }

  /** A look counts as sent. */
  next(nowMs: number): Step {
    const state = this.#state
    if (state.runs.size === 0) return { kind: 'wait', untilMs: Number.POSITIVE_INFINITY }
    const trouble = this.#health.trouble
    if (trouble) {
      const probeMs = Math.max(trouble.nextMs, this.#budget.readyAtMs(nowMs))
      return probeMs > nowMs ? { kind: 'wait', untilMs: probeMs } : this.#send(this.#probe(nowMs), nowMs)
    }
    const atATime = state.isDoubtful ? 1 : mostAtATime
    if (this.#underWay >= atATime) return { kind: 'wait', untilMs: Number.POSITIVE_INFINITY }
    const choice = choose(state, nowMs)
    if (choice.kind === 'wait') return choice
    const readyMs = this.#budget.readyAtMs(nowMs)
    if (readyMs > nowMs) return { kind: 'wait', untilMs: readyMs }
    if (choice.kind === 'get') return this.#send(this.#lookAt(choice.run, nowMs), nowMs)
    if (choice.kind === 'page') return this.#send(nextPage(state, choice.round, nowMs), nowMs)
    return this.#send(beginRound(state, choice, nowMs), nowMs)
  }

  answered(look: Look, answer: Answer, nowMs: number): Outcome {
    const state = this.#state
    const outcome: Outcome = { ends: [], warnings: [] }
    this.#settle(look)
    state.isDoubtful = false
    state.lastGoodMs = Math.max(state.lastGoodMs, look.sentMs)
    this.#recover(look, nowMs, outcome)
    if (look.kind === 'list' && answer.kind === 'list')
      readPage(state, look, answer.list, answer.cpuMs, nowMs, outcome)
    if (look.kind === 'get' && answer.kind === 'run') {
      if (keyOf(answer.run.uuid) === look.key) see(state, answer.run, look, nowMs, outcome)
      else this.#refuse(look, `asked for job run ${look.jobRunId}, the answer is another one`, nowMs, outcome)
    }
    return outcome
  }

  failed(look: Look, failure: Failure, nowMs: number): Outcome {
    const outcome: Outcome = { ends: [], warnings: [] }
    this.#settle(look)
    switch (failure.kind) {
      case 'missing':
        this.#state.isDoubtful = false
        this.#recover(look, nowMs, outcome)
        this.#miss(look, failure, nowMs, outcome)
        return outcome
      case 'refused':
      case 'too_large':
        this.#state.isDoubtful = false
        this.#recover(look, nowMs, outcome)
        if (look.kind === 'get') this.#refuse(look, failure.message, nowMs, outcome)
        else failRound(this.#state, look, failure, nowMs, outcome)
        return outcome
      case 'throttled':
        this.#throttle(look, failure, nowMs, outcome)
        return outcome
      case 'away':
        if (look.kind === 'list') failRound(this.#state, look, failure, nowMs, outcome)
        this.#fail(look, failure.message, nowMs, outcome)
        return outcome
      case 'unclear':
        this.#doubt(look, failure, nowMs, outcome)
        return outcome
    }
  }

  #send(look: Look, nowMs: number): Step {
    this.#budget.take(nowMs)
    this.#health.sent(nowMs)
    this.#underWay += 1
    return { kind: 'look', look }
  }

  #settle(look: Look): void {
    this.#underWay -= 1
    if (look.kind !== 'get') return
    const run = this.#state.runs.get(look.key)
    if (run) run.isAsked = false
  }

  #lookAt(run: Watched, nowMs: number): Look {
    run.isAsked = true
    if (run.doubt !== 'none') this.#state.cycle += 1
    return { kind: 'get', key: run.key, jobRunId: run.jobRunId, sentMs: nowMs }
  }

  /** Of all, the one that has waited longest; each time another, so that one that cannot be got does not stand for all. */
  #probe(nowMs: number): Look {
    let [chosen] = this.#state.runs.values()
    for (const run of this.#state.runs.values())
      if (chosen === undefined || run.dueMs < chosen.dueMs) chosen = run
    if (chosen === undefined) throw new Error('nothing to look at')
    schedule(this.#state, chosen, nowMs)
    return this.#lookAt(chosen, nowMs)
  }

  #recover(look: Look, nowMs: number, { warnings }: Outcome): void {
    const over = this.#health.answered(look.sentMs, nowMs)
    if (!over) return
    this.#budget.forfeit(nowMs)
    this.#state.round = undefined
    for (const list of Object.values(this.#state.lists)) list.forgive()
    for (const run of this.#state.runs.values()) {
      run.dueMs = Math.min(run.dueMs, nowMs)
      // Of what still hangs nobody knows whether it will ever be answered.
      run.isAsked = false
    }
    if (over.kind === 'pause') return
    const seconds = Math.round((nowMs - over.sinceMs) / 1000)
    warnings.push({ kind: 'outage_ended', message: `the server answers again, after ${seconds} s` })
  }

  #fail({ sentMs }: Look, message: string, nowMs: number, { warnings }: Outcome): void {
    this.#state.isDoubtful = true
    if (this.#health.failed(message, sentMs, nowMs)) warnings.push({ kind: 'outage_began', message })
  }

  #throttle(look: Look, { message, retryAfterMs }: Failure, nowMs: number, outcome: Outcome): void {
    if (look.kind === 'list') this.#state.round = undefined
    const lengthMs = this.#health.throttled(message, retryAfterMs, nowMs)
    if (lengthMs === undefined) return
    const seconds = Math.ceil(lengthMs / 1000)
    outcome.warnings.push({ kind: 'paused', message: `nothing is asked for ${seconds} s: ${message}` })
  }

  #miss(look: Look, failure: Failure, nowMs: number, outcome: Outcome): void {
    const run = look.kind === 'get' ? this.#state.runs.get(look.key) : undefined
    // One that was added again since is asked for again.
    if (run && look.sentMs >= run.addedMs) miss(this.#state, run, failure, look.sentMs, nowMs, outcome)
  }

  #refuse(look: Look & { kind: 'get' }, message: string, nowMs: number, { warnings }: Outcome): void {
    const run = this.#state.runs.get(look.key)
    if (!run) return
    const warning: PollWarning = { kind: 'look_refused', jobRunId: look.jobRunId, message }
    if (run.failures === 0) warnings.push(warning)
    postpone(this.#state, run, nowMs)
  }

  /** Of a list, others tell whether the server is away; of a run that failed alone before, too. */
  #doubt(look: Look, failure: Failure, nowMs: number, outcome: Outcome): void {
    const state = this.#state
    if (look.kind === 'list') {
      if (failRound(state, look, failure, nowMs, outcome)) state.isDoubtful = true
      return
    }
    // Of a server that is away anyway, no run is the cause.
    const run = this.#health.trouble ? undefined : state.runs.get(look.key)
    const isItsOwn = run !== undefined && run.failures > 0 && !state.isDoubtful && state.runs.size > 1
    if (!isItsOwn) this.#fail(look, failure.message, nowMs, outcome)
    else if (run.failures === 1)
      outcome.warnings.push({ kind: 'look_refused', jobRunId: look.jobRunId, message: failure.message })
    if (run) postpone(state, run, nowMs)
  }
}
