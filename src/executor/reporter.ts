import { inCrowdMs } from '../base/heartbeat.ts'
import { present } from '../base/present.ts'
import { storable } from '../base/text.ts'
import { JobsApiError } from '../client/index.ts'
import type { WorkerReportsClient } from '../client/worker-reports.ts'
import { type AppendLogsBody, type FinishRunBody, workerLimits } from '../contract/index.ts'
import { backoffMs, isWorthRetrying, persist } from './persistence.ts'
import { timestamp, truncate } from './text.ts'

type Line = AppendLogsBody['lines'][number]
export type LogLevel = Line['level']

/** Sends what a handler says while it runs: best effort, bounded, one request at a time. Secrets are out of it already. */
export interface RunReporter {
  /** @param atMs epoch milliseconds of when it was said */
  log(level: LogLevel, message: string, atMs?: number): void
  progress(fraction: number, message?: string): void
  /** Sends what is left, for as long as the server is away and `until` is not aborted; then nothing more. Never throws. */
  close(until: AbortSignal): Promise<void>
  /** The same, but for what fits the report of the run's end: that is answered in place of being sent, and goes with it. */
  leave(until: AbortSignal): Promise<LastWords>
}

/** What an attempt has said last. Sent again it is the same, and adds nothing. */
export type LastWords = Pick<FinishRunBody, 'lines' | 'progress'>

const batchLines = 1000
const batchCharacters = 256 * 1024
const bufferLines = 10_000
/** Between two reports of progress: twice as long each time, as a run that takes long is looked at rarely. */
const progressAfterMs = { first: 1_000, longest: 5_000 } as const
/** Of a worker with many runs: each report is a request. The server asks Temporal about a run that is silent for half a minute. */
const crowdProgress = { perSecond: 50, longestMs: 20_000 } as const
const progressCharacters = 500

/** As many lines as fit one request. */
function nextBatch(lines: readonly Line[]): Line[] {
  let characters = 0
  const end = lines.findIndex((line, index) => {
    characters += line.message.length
    return index >= batchLines || (index > 0 && characters > batchCharacters)
  })
  return lines.slice(0, end === -1 ? undefined : end)
}

/** A server that is away comes back; one that refuses these lines again and again shall not hold the run's end up. */
export function worthWaitingFor(error: unknown, tries: number): boolean {
  return isWorthRetrying(error) && ((error as JobsApiError).status === undefined || tries < 3)
}

class HttpRunReporter implements RunReporter {
  readonly #reports: WorkerReportsClient
  readonly #jobRunId: string
  readonly #attempt: number
  readonly #lines: Line[] = []
  /** What was sent and not acknowledged yet: sent again as it is, so that the server knows it when it has it already. */
  #unacknowledged: Line[] = []
  #lastMicroseconds = 0
  readonly #flushMs: number
  #timer: NodeJS.Timeout | undefined
  #timerAt = Number.POSITIVE_INFINITY
  #sending: Promise<void> | undefined
  #failures = 0
  #isClosing = false
  #taken = 0
  #dropped = 0
  #fraction: { fraction: number; message?: string } | undefined
  /** When progress was said last; of the first, when the run began. */
  #progressSaidAt = performance.now()
  /** What the server knows. */
  #progressSaid: string | undefined
  #progressEveryMs: number = progressAfterMs.first
  readonly #beside: () => number
  #over = false

  constructor(options: RunReporterOptions) {
    this.#reports = options.reports
    this.#jobRunId = options.jobRunId
    this.#attempt = options.attempt
    this.#flushMs = options.flushMs
    this.#beside = options.beside ?? (() => 0)
  }

  /** Later, the more there are by now. */
  #progressDueAt(): number {
    const inCrowd = inCrowdMs(this.#beside(), crowdProgress.perSecond, crowdProgress.longestMs)
    return this.#progressSaidAt + Math.max(this.#progressEveryMs, inCrowd)
  }

  log(level: LogLevel, message: string, atMs = Date.now()): void {
    if (this.#over) return
    this.#taken += 1
    if (this.#taken > workerLimits.logLines || this.#lines.length >= bufferLines) this.#dropped += 1
    else this.#push(level, truncate(storable(message), workerLimits.logLineCharacters), atMs)
    this.#arm()
  }

  #push(level: LogLevel, message: string, atMs: number): void {
    // A time for each line alone: two reports of the same words are two, and only a report sent again is the same one.
    this.#lastMicroseconds = Math.max(atMs * 1000, this.#lastMicroseconds + 1)
    this.#lines.push({ level, message, at: timestamp(this.#lastMicroseconds) })
  }

  progress(fraction: number, message?: string): void {
    if (!Number.isFinite(fraction)) return
    const clamped = Math.min(1, Math.max(0, fraction))
    const text = message === undefined ? undefined : truncate(storable(message), progressCharacters)
    this.#fraction = text === undefined ? { fraction: clamped } : { fraction: clamped, message: text }
    this.#arm()
  }

  async close(until: AbortSignal): Promise<void> {
    this.#isClosing = true
    clearTimeout(this.#timer)
    await this.#sending
    try {
      await persist(() => this.#flush(true), { until, worthRetrying: worthWaitingFor })
    } catch {
      // Best effort: the end of the run matters more than its last lines.
    }
    this.#over = true
  }

  async leave(until: AbortSignal): Promise<LastWords> {
    this.#isClosing = true
    clearTimeout(this.#timer)
    await this.#sending
    if (this.#over) return {}
    const lines = this.#lastBatch()
    if (lines === undefined) {
      await this.close(until)
      return {}
    }
    this.#over = true
    return present({ lines: lines.length === 0 ? undefined : lines, progress: this.#fraction })
  }

  /** All lines that are left, as one report; undefined when they are more. What may have arrived already is not mixed with others. */
  #lastBatch(): Line[] | undefined {
    if (this.#dropped > 0) return undefined
    if (this.#unacknowledged.length > 0) return this.#lines.length === 0 ? this.#unacknowledged : undefined
    return nextBatch(this.#lines).length === this.#lines.length ? this.#lines : undefined
  }

  /** Sees to it that what there is to say is sent when it is due. While nothing is said, nothing runs. */
  #arm(retryAfterMs?: number): void {
    if (this.#isClosing || this.#over || this.#sending) return
    const now = performance.now()
    const hasLines = this.#lines.length + this.#unacknowledged.length + this.#dropped > 0
    const progressAt = this.#fraction === undefined ? Number.POSITIVE_INFINITY : this.#progressDueAt()
    const dueAt = hasLines ? now : progressAt
    if (dueAt === Number.POSITIVE_INFINITY) return
    const pauseMs = this.#failures === 0 ? 0 : backoffMs(this.#failures, retryAfterMs, Math.random())
    const at = Math.max(dueAt, now + Math.max(this.#flushMs, pauseMs))
    if (at >= this.#timerAt) return
    clearTimeout(this.#timer)
    this.#timerAt = at
    this.#timer = setTimeout(() => {
      this.#timerAt = Number.POSITIVE_INFINITY
      this.#sending = this.#send()
    }, at - now)
  }

  async #send(): Promise<void> {
    let retryAfterMs: number | undefined
    try {
      await this.#flush(false)
      this.#failures = 0
    } catch (error) {
      this.#failures += 1
      retryAfterMs = error instanceof JobsApiError ? error.retryAfterMs : undefined
    }
    this.#sending = undefined
    this.#arm(retryAfterMs)
  }

  async #flush(all: boolean): Promise<void> {
    await this.#sendProgress(all)
    while (!this.#over) {
      if (this.#unacknowledged.length === 0)
        this.#unacknowledged = this.#lines.splice(0, nextBatch(this.#lines).length)
      const lines = this.#unacknowledged
      if (lines.length === 0) break
      await this.#deliver(() => this.#reports.appendLogs(this.#jobRunId, { attempt: this.#attempt, lines }))
      this.#unacknowledged = []
    }
    if (this.#dropped > 0 && !this.#over) {
      this.#push('warn', `${this.#dropped} log lines were dropped: too many at once, or in all`, Date.now())
      this.#dropped = 0
      if (all) await this.#flush(all)
    }
  }

  async #sendProgress(all: boolean): Promise<void> {
    const latest = this.#fraction
    if (latest === undefined || this.#over || (!all && performance.now() < this.#progressDueAt())) return
    const said = JSON.stringify(latest)
    if (said === this.#progressSaid) {
      this.#fraction = undefined
      return
    }
    await this.#deliver(() =>
      this.#reports.reportProgress(this.#jobRunId, { attempt: this.#attempt, ...latest }),
    )
    this.#progressSaid = said
    this.#progressSaidAt = performance.now()
    this.#progressEveryMs = Math.min(this.#progressEveryMs * 2, progressAfterMs.longest)
    if (this.#fraction === latest) this.#fraction = undefined
  }

  /** Throws what is worth a retry; what the server refuses is dropped, and once the run is over all of it. */
  async #deliver(send: () => Promise<{ applied: boolean }>): Promise<void> {
    try {
      const { applied } = await send()
      if (!applied) this.#over = true
    } catch (error) {
      if (isWorthRetrying(error)) throw error
    }
  }
}

export interface RunReporterOptions {
  reports: WorkerReportsClient
  jobRunId: string
  attempt: number
  flushMs: number
  /** How many runs this worker has: many say more rarely how far they are. @default none */
  beside?: () => number
}

export function createRunReporter(options: RunReporterOptions): RunReporter {
  return new HttpRunReporter(options)
}
