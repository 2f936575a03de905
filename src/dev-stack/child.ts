import { type ChildProcess, spawn } from 'node:child_process'
import type { Writable } from 'node:stream'
import { aborted } from '../base/abort.ts'
import { openLog } from './log-file.ts'

/** How a process of the stack is started. */
export interface ChildCommand {
  command: string
  args: readonly string[]
  environment: Readonly<Record<string, string>>
  /** Whether the child has an IPC channel, by which it notices that its parent is gone. */
  ipc: boolean
  logFile: string
}

/** One life of a process: from its start to its end. */
export interface ChildLife {
  pid: number
  startedAtMs: number
  /** Aborts when the process has ended; the reason is a text such as `exit code 1`. */
  ended: AbortSignal
  /** Waits for a line of standard output that is a JSON object with this `event`; rejects when the process ends. */
  waitForEvent(event: string): Promise<void>
  /** The last lines of standard error and output. */
  lastLines(): string
  /** SIGTERM, and SIGKILL when the time is up; settles when the process has ended. */
  end(graceMs: number): Promise<void>
}

const maxLineCharacters = 1024 * 1024
const keptLines = 25
const closePatienceMs = 500

/** Starts a process in a group of its own, so that Ctrl-C in a terminal reaches only the parent, which ends them in order. */
export function launchChild(command: ChildCommand): ChildLife {
  const log = openLog(command.logFile)
  // A process that outlives its own end may still write.
  log.on('error', () => undefined)
  const child = spawn(command.command, command.args, {
    env: command.environment,
    stdio: command.ipc ? ['ignore', 'pipe', 'pipe', 'ipc'] : ['ignore', 'pipe', 'pipe'],
    detached: true,
  })
  const lines = createLineBook()
  follow(child, log, lines)
  const ended = new AbortController()
  child.once('error', (error) => ended.abort(error.message))
  child.once('exit', (code, signal) => {
    const finish = () => log.end(() => ended.abort(signal ?? `exit code ${code}`))
    // Its last words come with `close`, which a program it started can hold up: end those, and do not wait long.
    endGroup(child.pid)
    const patience = setTimeout(finish, closePatienceMs)
    child.once('close', () => {
      clearTimeout(patience)
      finish()
    })
  })
  return {
    pid: child.pid ?? 0,
    startedAtMs: performance.now(),
    ended: ended.signal,
    waitForEvent: (event) => lines.waitForEvent(event, ended.signal),
    lastLines: lines.last,
    end: (graceMs) => endChild(child, ended.signal, graceMs),
  }
}

function follow(child: ChildProcess, log: Writable, lines: LineBook): void {
  for (const stream of [child.stdout, child.stderr]) {
    if (stream === null) continue
    stream.pipe(log, { end: false })
    let rest = ''
    stream.setEncoding('utf8')
    stream.on('data', (chunk: string) => {
      const parts = (rest + chunk).split('\n')
      rest = (parts.pop() ?? '').slice(-maxLineCharacters)
      for (const line of parts) lines.add(line)
    })
    stream.on('end', () => lines.add(rest))
  }
}

interface LineBook {
  add(line: string): void
  last(): string
  waitForEvent(event: string, ended: AbortSignal): Promise<void>
}

function createLineBook(): LineBook {
  const last: string[] = []
  const seen = new Set<string>()
  const waiting = new EventTarget()
  return {
    add(line) {
      if (line.trim() === '') return
      last.push(line)
      if (last.length > keptLines) last.shift()
      const event = eventOf(line)
      if (event === undefined) return
      seen.add(event)
      waiting.dispatchEvent(new Event(event))
    },
    last: () => last.join('\n'),
    waitForEvent: (event, ended) =>
      new Promise((resolve, reject) => {
        if (seen.has(event)) return resolve()
        if (ended.aborted) return reject(new Error(String(ended.reason)))
        waiting.addEventListener(event, () => resolve(), { once: true })
        ended.addEventListener('abort', () => reject(new Error(String(ended.reason))), { once: true })
      }),
  }
}

/** The `event` of a JSON line; anything else that is printed is not for us. */
function eventOf(line: string): string | undefined {
  if (!line.startsWith('{')) return undefined
  try {
    const value: unknown = JSON.parse(line)
    return typeof value === 'object' && value !== null && 'event' in value && typeof value.event === 'string'
      ? value.event
      : undefined
  } catch {
    return undefined
  }
}

function endGroup(pid: number | undefined): void {
  if (pid === undefined || process.platform === 'win32') return
  try {
    process.kill(-pid, 'SIGKILL')
  } catch {
    // Nobody is left in the group.
  }
}

async function endChild(child: ChildProcess, ended: AbortSignal, graceMs: number): Promise<void> {
  if (ended.aborted) return
  const gone = aborted(ended)
  child.kill('SIGTERM')
  const force = setTimeout(() => child.kill('SIGKILL'), graceMs)
  await gone
  clearTimeout(force)
}
