import { randomUUID } from 'node:crypto'
import { firstOf, type Habits } from './habits.ts'
import type { ChangeLogEntry, Config, EndStatus, Job, Run, Status } from './types.ts'

export interface StateOptions {
  /** How long a run takes; a config's `duration_ms` counts before. */
  durationMs: number
  pendingMs: number
  /** Runs end by `endRun` alone. */
  manual: boolean
  createdBy: string
  onChange: (change: Omit<ChangeLogEntry, 'event' | 'seq'>) => void
}

export interface PlantedRun {
  config?: Config
  createdBy?: string
  /** @default as of a run that was triggered: pending, and then on */
  status?: Status
  createdAtMs?: number
}

const maxTimerMs = 2 ** 31 - 1
const active: readonly string[] = ['pending', 'running', 'paused']
export const isActive = (status: string): boolean => active.includes(status)

export function statusOf(run: Run): Status {
  return run.history.at(-1)?.status ?? 'pending'
}

/** The status at an instant; undefined before there was a run. */
export function statusAt(run: Run, atMs: number): Status | undefined {
  return run.history.findLast((entry) => entry.atMs <= atMs)?.status
}

/** Jobs and runs in memory. A run goes on by itself, by timers. */
export class State {
  readonly jobs = new Map<string, Job>()
  readonly runs = new Map<string, Run>()
  readonly runsByJob = new Map<string, Run[]>()
  /** Runs that are active, and those that were until a moment ago: what a list of active ones has to look through. */
  readonly recentlyActive = new Set<Run>()
  readonly #options: StateOptions
  readonly #habits: Habits
  readonly #timers = new Set<NodeJS.Timeout>()
  #serial = 0

  constructor(options: StateOptions, habits: Habits) {
    this.#options = options
    this.#habits = habits
  }

  addJob(jobType: string, config: Config, source: Pick<Job, 'sourceSessionId' | 'sourceProjectId'>): Job {
    const job: Job = {
      kind: 'job',
      uuid: this.#newId(),
      name: `${jobType} – ${this.#serial}`,
      jobType,
      config,
      isDeleted: false,
      createdBy: this.#options.createdBy,
      createdAtMs: Date.now(),
      updatedAtMs: undefined,
      ...source,
    }
    this.jobs.set(job.uuid, job)
    this.runsByJob.set(job.uuid, [])
    return job
  }

  /** @param planted of a run that no request made */
  addRun(job: Job, overrides: Config, planted?: PlantedRun): Run {
    const createdAtMs = planted?.createdAtMs ?? Date.now()
    const run: Run = {
      kind: 'run',
      uuid: this.#newId(),
      job,
      config: { ...job.config, ...overrides },
      createdBy: planted?.createdBy ?? this.#options.createdBy,
      createdAtMs,
      history: [],
      outputs: [],
      requested: planted === undefined,
      cancels: 0,
    }
    this.runs.set(run.uuid, run)
    this.runsByJob.get(job.uuid)?.push(run)
    this.move(run, planted?.status ?? 'pending', createdAtMs)
    if (planted?.status === undefined) this.#letRun(run)
    return run
  }

  /** Ended runs stay as they are. */
  move(run: Run, status: Status, atMs = Date.now()): void {
    if (run.history.length > 0 && !isActive(statusOf(run))) return
    run.history.push({ atMs, status })
    if (isActive(status)) this.recentlyActive.add(run)
    const { uuid, job, requested } = run
    this.#options.onChange({ atMs, job_run_id: uuid, job_id: job.uuid, status, requested })
  }

  end(run: Run, status: EndStatus, outputs: readonly unknown[] = outputsOf(run)): void {
    if (status === 'completed' && isActive(statusOf(run))) run.outputs = outputs
    this.move(run, status)
  }

  /** Forgets among the recently active what ended before an instant. */
  tidy(beforeMs: number): void {
    for (const run of this.recentlyActive) {
      const last = run.history.at(-1)
      if (last && !isActive(last.status) && last.atMs < beforeMs) this.recentlyActive.delete(run)
    }
  }

  later(ms: number, work: () => void): void {
    if (ms > maxTimerMs) return
    const timer = setTimeout(() => {
      this.#timers.delete(timer)
      work()
    }, ms)
    this.#timers.add(timer)
  }

  stop(): void {
    for (const timer of this.#timers) clearTimeout(timer)
    this.#timers.clear()
  }

  #letRun(run: Run): void {
    const { pendingMs, durationMs, manual } = this.#options
    const ownMs = run.config['duration_ms']
    const totalMs = typeof ownMs === 'number' ? ownMs : durationMs
    this.later(Math.min(pendingMs, totalMs), () => {
      if (statusOf(run) === 'pending') this.move(run, 'running')
    })
    if (manual || run.config['manual'] === true) return
    this.later(totalMs, () => this.end(run, run.config['fail'] === true ? 'failed' : 'completed'))
  }

  #newId(): string {
    this.#serial += 1
    const uuid = randomUUID()
    return firstOf(this.#habits, 'newId', this.#serial, uuid) ?? uuid
  }
}

/** `config.outputs`, an object, as `{ name, value }` each. */
function outputsOf(run: Run): unknown[] {
  const outputs = run.config['outputs']
  if (typeof outputs !== 'object' || outputs === null) return []
  if (Array.isArray(outputs)) return outputs
  return Object.entries(outputs).map(([name, value]) => ({ name, value }))
}
