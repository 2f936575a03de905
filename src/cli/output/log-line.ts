import type { LogLine } from '../../contract/index.ts'
import { escapeControl } from './text.ts'
import { formatTime } from './time.ts'

/** One line of a job run's log, with its source where there are several. */
export function logLine(entry: LogLine, source?: string): string {
  const attempt = `attempt ${entry.attempt}`
  // Lines about an attempt name it themselves.
  const isNamed = entry.attempt <= 1 || entry.message.startsWith(`${attempt} `)
  const parts = [formatTime(entry.at), entry.level.padEnd(5), source, isNamed ? undefined : attempt]
  const head = parts.filter((part) => part !== undefined).join(' ')
  return `${escapeControl(head)} ${escapeControl(entry.message)}\n`
}
