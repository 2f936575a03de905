import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { constants } from 'node:os'
import { messageOf } from '../base/causes.ts'
import { JobwrightError } from '../base/errors.ts'

const forwarded = ['SIGINT', 'SIGTERM', 'SIGHUP'] as const
type Forwarded = (typeof forwarded)[number]

/** What of the process is needed to give way to another, or to stand in for a child. */
export interface ParentProcess {
  execPath: string
  /** Options of Node.js itself. */
  execArgv: readonly string[]
  /** Puts a program in the place of this process, with its id and its streams; undefined where that cannot be done. */
  replace: ((file: string, args: readonly string[]) => never) | undefined
  /** Whether a terminal may send Ctrl-C to the whole group: then the child has got it already. */
  stdinIsTty: boolean
  on(signal: Forwarded, listener: () => void): unknown
  off(signal: Forwarded, listener: () => void): unknown
}

/**
 * Runs a script with this Node.js, in our place: then whoever started us has its process, and this never returns. Where
 * that cannot be done, as a child with our streams, to which signals are passed on. Its exit code, or 128 and the number
 * of the signal that ended it.
 * @throws JobwrightError `cannot_start`
 */
export async function runRoot(script: string, parent: ParentProcess): Promise<number> {
  const args = [...parent.execArgv, script]
  if (parent.replace) parent.replace(parent.execPath, [parent.execPath, ...args])
  // The channel carries nothing: it breaks when we are killed, and the child then ends too.
  const child = spawn(parent.execPath, args, { stdio: ['inherit', 'inherit', 'inherit', 'ipc'] })
  const listeners = forwarded.map((signal) => {
    const pass = () => {
      if (signal === 'SIGINT' && parent.stdinIsTty) return
      child.kill(signal)
    }
    parent.on(signal, pass)
    return { signal, pass }
  })
  try {
    const [code, signal] = (await once(child, 'exit')) as [number | null, NodeJS.Signals | null]
    return code ?? 128 + (signal === null ? 0 : constants.signals[signal])
  } catch (error) {
    const message = `cannot start ${script}: ${messageOf(error)}`
    throw new JobwrightError({ code: 'cannot_start', fault: 'defect', message, cause: error })
  } finally {
    for (const { signal, pass } of listeners) parent.off(signal, pass)
  }
}
