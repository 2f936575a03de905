import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { constants } from 'node:os'
import { messageOf } from '../base/causes.ts'
import { JobwrightError } from '../base/errors.ts'

const forwarded = ['SIGINT', 'SIGTERM', 'SIGHUP'] as const
type Forwarded = (typeof forwarded)[number]

/** What of the process is needed to stand in for a child. */
export interface ParentProcess {
  execPath: string
  /** Whether a terminal may send Ctrl-C to the whole group: then the child has got it already. */
  stdinIsTty: boolean
  on(signal: Forwarded, listener: () => void): unknown
  off(signal: Forwarded, listener: () => void): unknown
}

/**
 * Runs a script with this Node.js as a child, with our streams; signals are passed on. Its exit code, or 128 and the
 * number of the signal that ended it.
 * @throws JobwrightError `cannot_start`
 */
export async function spawnRoot(script: string, parent: ParentProcess): Promise<number> {
  // The channel carries nothing: it breaks when we are killed, and the child then ends too.
  const child = spawn(parent.execPath, [script], { stdio: ['inherit', 'inherit', 'inherit', 'ipc'] })
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
