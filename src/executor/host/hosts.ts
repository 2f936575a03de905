import type { WorkerLog } from '../attempt.ts'
import type { Assignment, HandlerControl, HandlerEnd, HandlerEvents, Handlers } from '../handlers.ts'
import { HostProcess, type HostProgram } from './host-process.ts'

/** Processes that handlers share, at most; beyond that new ones wait for one that answers. */
const mostShared = 4

/**
 * Runs handlers in processes apart from this one. One process serves all that may share; another is started when a
 * handler keeps it busy, or has broken something in it, and those that are not needed any longer end.
 * @param busyAfterMs a process that does not answer for this long is passed over: a handler computes in it, and a new one would wait
 */
export function handlersApart(program: HostProgram, log: WorkerLog, busyAfterMs = 500): Handlers {
  return new HandlerHosts(program, log, busyAfterMs)
}

class HandlerHosts implements Handlers {
  readonly #program: HostProgram
  readonly #log: WorkerLog
  readonly #busyAfterMs: number
  readonly #all = new Set<HostProcess>()
  /** In the order they were started; the first that answers gets the work. */
  #shared: HostProcess[] = []
  #starting: Promise<boolean> | undefined
  #isClosed = false

  constructor(program: HostProgram, log: WorkerLog, busyAfterMs: number) {
    this.#program = program
    this.#log = log
    this.#busyAfterMs = busyAfterMs
    // Started now, so that the first run does not wait for it.
    this.#startShared()
  }

  async run(assignment: Assignment, control: HandlerControl, events: HandlerEvents): Promise<HandlerEnd> {
    const host = await this.#place(control)
    if (host === undefined) {
      const message = 'no process could be started for the handler; the log of the worker says why'
      return { ended: 'not_begun', message }
    }
    try {
      return await host.run(assignment, control, events)
    } finally {
      if (control.isolation === 'process') host.retire()
      else this.#endSurplus()
    }
  }

  async close(): Promise<void> {
    this.#isClosed = true
    for (const host of this.#all) host.kill()
    await Promise.all([...this.#all].map((host) => host.gone))
  }

  /** A process that will begin at once; undefined when none can be had, or the run is to stop. */
  async #place({ isolation, stop }: HandlerControl): Promise<HostProcess | undefined> {
    if (isolation === 'process') {
      const host = this.#start()
      if ((await host.isReady()) && !stop.aborted && !this.#isClosed) return host
      host.kill()
      return undefined
    }
    for (let failures = 0; failures < mostShared && !stop.aborted && !this.#isClosed; ) {
      const host = await this.#firstThatAnswers()
      if (host && !host.isRetired) return host
      if (host === undefined && !(await this.#hasMore())) failures += 1
    }
    return undefined
  }

  async #firstThatAnswers(): Promise<HostProcess | undefined> {
    for (const host of this.#usable())
      if ((await host.isReady()) && (await host.answers(this.#busyAfterMs))) return host
    return undefined
  }

  /** Starts one more process, once for all who wait; false when that failed. */
  async #hasMore(): Promise<boolean> {
    const usable = this.#usable()
    if (usable.length >= mostShared) return true
    const job_types = usable.flatMap((host) => host.jobTypes)
    if (job_types.length > 0)
      this.#log.warn(
        { job_types },
        'a handler computes and lets no other work in its process; another process is started',
      )
    this.#starting ??= this.#startShared()
      .isReady()
      .finally(() => {
        this.#starting = undefined
      })
    return this.#starting
  }

  #usable(): HostProcess[] {
    this.#shared = this.#shared.filter((host) => !host.isRetired)
    return this.#shared
  }

  #startShared(): HostProcess {
    const host = this.#start()
    this.#shared.push(host)
    return host
  }

  #start(): HostProcess {
    const host = new HostProcess(this.#program, this.#log)
    this.#all.add(host)
    void host.gone.then(() => {
      this.#all.delete(host)
      this.#shared = this.#shared.filter((one) => one !== host)
    })
    return host
  }

  /** One that stood in for another that was busy is not kept. */
  #endSurplus(): void {
    for (const host of this.#usable().slice(1)) if (host.isIdle) host.retire()
  }
}
