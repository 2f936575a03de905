import { type ChildProcess, fork } from 'node:child_process'
import { atMost } from '../../base/abort.ts'
import type { WorkerLog } from '../attempt.ts'
import type { Assignment, Blame, HandlerControl, HandlerEnd, HandlerEvents } from '../handlers.ts'
import type { FromHost, ToHost } from './messages.ts'

/** How to start a process of handlers. */
export interface HostProgram {
  /** Path of its entry. */
  entry: string
  /** What it needs to be told; plain data, and no argument, which others on the machine can read. */
  settings: unknown
}

interface Work {
  jobType: string
  events: HandlerEvents
  resolve(end: HandlerEnd): void
}

/** One process of handlers, as the worker sees it. */
export class HostProcess {
  readonly #child: ChildProcess
  readonly #log: WorkerLog
  readonly #works = new Map<number, Work>()
  readonly #pings = new Map<number, (isThere: boolean) => void>()
  readonly #ready = Promise.withResolvers<boolean>()
  #keys = 0
  /** The work for which it is ended. */
  #culprit: number | undefined
  #isRetired = false
  #isGone = false
  #wasReady = false
  /** Resolves when the process is gone. */
  readonly gone: Promise<void>

  constructor(program: HostProgram, log: WorkerLog) {
    this.#log = log
    // It must know whose it is even when this process is gone before it can look.
    this.#child = fork(program.entry, [String(process.pid)], {
      serialization: 'advanced',
      stdio: ['ignore', 'inherit', 'inherit', 'ipc'],
      // Two processes cannot have one port for a debugger.
      execArgv: process.execArgv.filter((option) => !option.startsWith('--inspect')),
    })
    this.#child.on('message', (message) => this.#receive(message as FromHost))
    this.gone = new Promise((resolve) => {
      // `error` comes alone where the process could not be started at all.
      this.#child.once('error', (error) => resolve(this.#end(`it could not be started: ${error.message}`)))
      this.#child.once('exit', (code, signal) =>
        resolve(this.#end(signal ? `signal ${signal}` : `exit code ${code}`)),
      )
    })
    // Where it could not be started at all there is nothing to send with; `error` follows.
    if (this.#child.connected) this.#child.send(program.settings as object, () => undefined)
  }

  get isIdle(): boolean {
    return this.#works.size === 0
  }

  /** It gets no new work, and ends when what it has is done. */
  get isRetired(): boolean {
    return this.#isRetired
  }

  /** What runs in it, for a log. */
  get jobTypes(): string[] {
    return [...new Set([...this.#works.values()].map(({ jobType }) => jobType))]
  }

  retire(): void {
    this.#isRetired = true
    if (this.isIdle) this.kill()
  }

  kill(): void {
    this.#isRetired = true
    this.#child.kill('SIGKILL')
  }

  /** Resolves once it is able to work; false when it ended before. */
  isReady(): Promise<boolean> {
    return this.#ready.promise
  }

  /** Whether it answers within `ms`: one whose handler computes does not. */
  async answers(ms: number): Promise<boolean> {
    const key = ++this.#keys
    let answered = false
    const pong = new Promise<void>((resolve) => {
      this.#pings.set(key, (isThere) => {
        answered = isThere
        resolve()
      })
    })
    this.#send({ kind: 'ping', key })
    await atMost(ms, pong)
    this.#pings.delete(key)
    return answered
  }

  async run(assignment: Assignment, control: HandlerControl, events: HandlerEvents): Promise<HandlerEnd> {
    if (this.#isGone) return { ended: 'not_begun', message: 'the process for the handler was gone' }
    const key = ++this.#keys
    const { promise, resolve } = Promise.withResolvers<HandlerEnd>()
    const { stop, abandon } = control
    const onStop = () => this.#send({ kind: 'stop', key, reason: messageOf(stop.reason) })
    const onAbandon = () => void this.#abandon(key)
    this.#works.set(key, { jobType: assignment.jobType, events, resolve })
    this.#send({ kind: 'run', key, assignment })
    stop.addEventListener('abort', onStop, { once: true })
    abandon.addEventListener('abort', onAbandon, { once: true })
    if (stop.aborted) onStop()
    if (abandon.aborted) onAbandon()
    try {
      return await promise
    } finally {
      stop.removeEventListener('abort', onStop)
      abandon.removeEventListener('abort', onAbandon)
      this.#works.delete(key)
      if (this.#isRetired && this.isIdle) this.kill()
    }
  }

  /** A handler that did not stop goes on in there: the process ends with its last other one, or now if it lets nobody else work. */
  async #abandon(key: number): Promise<void> {
    this.#isRetired = true
    const answers = this.#works.size > 1 && (await this.answers(patienceMs))
    // It may have ended by itself meanwhile.
    if (!this.#works.has(key)) return
    if (answers) {
      this.#works.get(key)?.resolve({ ended: 'threw', error: { code: 'did_not_stop', message: 'abandoned' } })
      return
    }
    this.#culprit = key
    this.kill()
  }

  #send(message: ToHost): void {
    // One that is gone says so by its exit.
    if (this.#child.connected) this.#child.send(message, () => undefined)
  }

  #receive(message: FromHost): void {
    switch (message.kind) {
      case 'ready':
        this.#wasReady = true
        this.#ready.resolve(true)
        return
      case 'pong':
        this.#pings.get(message.key)?.(true)
        return
      case 'log':
        this.#works.get(message.key)?.events.log(message.level, message.message, message.atMs)
        return
      case 'progress':
        this.#works.get(message.key)?.events.progress(message.fraction, message.message)
        return
      case 'warn':
        this.#log.warn(message.fields, message.message)
        return
      case 'ended':
        this.#works.get(message.key)?.resolve(message.end)
        return
      case 'shaken':
        this.#log.warn(message.fields, message.message)
        this.retire()
        return
      default:
        message satisfies never
    }
  }

  #end(how: string): void {
    this.#isGone = true
    this.#ready.resolve(false)
    for (const answer of this.#pings.values()) answer(false)
    const { jobTypes } = this
    const culprit = this.#culprit === undefined ? undefined : this.#works.get(this.#culprit)
    const why = culprit ? `a handler of ${culprit.jobType} neither stopped nor let others work` : how
    const others = this.#works.size > 1 && !culprit ? `, with handlers of ${jobTypes.join(', ')} in it` : ''
    const message = `the process of the handler ended (${why})${others}`
    if (!this.#wasReady && !this.#isRetired)
      this.#log.warn({ pid: this.#child.pid, how }, 'a process of handlers ended before it was ready')
    if (!this.isIdle)
      this.#log.warn(
        { pid: this.#child.pid, how: why, job_types: jobTypes },
        'a process of handlers ended while they ran',
      )
    const isShared = this.#works.size > 1
    for (const [key, { resolve }] of this.#works)
      resolve({ ended: 'lost', blame: this.#blameFor(key, isShared), message })
  }

  #blameFor(key: number, isShared: boolean): Blame {
    if (!isShared || this.#culprit === key) return 'this'
    return this.#culprit === undefined ? 'unknown' : 'another'
  }
}

/** For a process that is asked whether a handler keeps it from working. */
const patienceMs = 10_000

function messageOf(reason: unknown): string {
  return reason instanceof Error ? reason.message : 'the run was told to stop'
}
