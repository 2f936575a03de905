import { existsSync, readFileSync } from 'node:fs'
import path from 'node:path'
import { startProcess } from '../helpers/processes.ts'
import type { Command } from './command.ts'
import type { ForeignServerOptions } from './server.ts'
import type { ChangeLogEntry, RequestLogEntry } from './types.ts'

export interface ForeignProcess {
  /** With the API's path. */
  url: string
  token: string
  /** Everything that it did so far, also after it has ended. */
  entries(): (RequestLogEntry | ChangeLogEntry)[]
  /** Changes habits, plants a run, ends one; answers the id of what was planted. */
  tell(command: Command): Promise<{ uuid?: string }>
  stop(): Promise<void>
}

/** The foreign server as a process of its own, for tests that kill the others. */
export async function startForeignProcess(
  logFile: string,
  options: Omit<Partial<ForeignServerOptions>, 'onEntry' | 'onArrival'> = {},
): Promise<ForeignProcess> {
  const main = path.join(import.meta.dirname, 'main.ts')
  const args = [main, '--log', logFile, '--options', JSON.stringify(options)]
  const child = startProcess(process.execPath, args, {})
  const { url, token, control } = (await child.event('listening')) as Record<
    'url' | 'token' | 'control',
    string
  >
  return {
    url,
    token,
    entries() {
      const text = existsSync(logFile) ? readFileSync(logFile, 'utf8') : ''
      const lines = text.split('\n').slice(0, -1)
      return lines.map((line) => JSON.parse(line) as RequestLogEntry | ChangeLogEntry)
    },
    async tell(command) {
      const answer = await fetch(control, { method: 'POST', body: JSON.stringify(command) })
      if (!answer.ok) throw new Error(await answer.text())
      return (await answer.json()) as { uuid?: string }
    },
    async stop() {
      await child.stop()
    },
  }
}
