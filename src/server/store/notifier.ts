import { createHash } from 'node:crypto'
import { pause } from '../../base/abort.ts'
import { isTerminalStatus, type JobRunStatus } from '../../contract/index.ts'

/** Wakes who waits for something that was committed, by this server or by another one on the same database. */
export interface Notifier {
  /** Wakes the waiters of this process; those of others are told by the database (`announcements.ts`). Without a change: all of the topic. */
  notify(topic: string, change?: AnnouncedChange): void
  /** Resolves at the next `notify(topic)` of a change that concerns, after `timeoutMs`, or when aborted; never rejects. */
  wait(topic: string, timeoutMs: number, signal?: AbortSignal, concerns?: Concerns): Promise<void>
  /** Calls `hear` at each `notify(topic)`, and whenever one may have been missed. */
  onNotify(topic: string, hear: () => void): void
  /** Something may have been missed: everybody looks. */
  wakeAll(): void
  /** Wakes everybody, and whoever waits later at once. */
  close(): void
}

/** What is told of a change of a run's status along with the topic. */
export interface AnnouncedChange {
  status: string
  /** The beginning of the run's reference, `announcedRefCharacters` of it at most; empty for none. */
  clientRef: string
}

export type Concerns = (change: AnnouncedChange) => boolean

/** As much of a reference as an announcement has room for. */
export const announcedRefCharacters = 200

/** Whether a change may be of a run whose reference begins with `prefix`: of a long one only the beginning is told. */
export function mayBeginWith(clientRef: string, prefix: string): boolean {
  if (clientRef.startsWith(prefix)) return true
  return [...clientRef].length >= announcedRefCharacters && prefix.startsWith(clientRef)
}

export const outboxTopic = 'outbox'
export const tokensTopic = 'tokens'

/** Short, whatever the workspace is called: what PostgreSQL announces has room for 8,000 bytes. */
export function changesTopic(workspace: string): string {
  return `changes/${createHash('md5').update(workspace).digest('hex')}`
}

export function runTopic(jobRunId: string): string {
  return `run/${jobRunId}`
}

/** Wakes who follows the workspace's feed and, at its end, who waits for this run; nobody else has to look. */
export function notifyOfChange(
  notifier: Notifier,
  run: { workspace: string; uuid: string; status: JobRunStatus; client_ref?: string | null | undefined },
): void {
  const { status } = run
  const clientRef = [...(run.client_ref ?? '').slice(0, 2 * announcedRefCharacters)]
    .slice(0, announcedRefCharacters)
    .join('')
  notifier.notify(changesTopic(run.workspace), { status, clientRef })
  if (isTerminalStatus(status)) notifier.notify(runTopic(run.uuid))
}

interface Waiter {
  wake(): void
  concerns: Concerns | undefined
}

export function createNotifier(): Notifier {
  const waiting = new Map<string, Set<Waiter>>()
  const hearing = new Map<string, (() => void)[]>()
  let closed = false
  const wake = (topic: string, change?: AnnouncedChange) => {
    for (const hear of hearing.get(topic) ?? []) hear()
    for (const { wake, concerns } of [...(waiting.get(topic) ?? [])])
      if (change === undefined || concerns === undefined || concerns(change)) wake()
  }
  const wakeAll = () => {
    for (const topic of new Set([...waiting.keys(), ...hearing.keys()])) wake(topic)
  }
  return {
    notify: wake,
    async wait(topic, timeoutMs, signal, concerns) {
      if (closed || signal?.aborted) return
      const woken = new AbortController()
      const end = () => woken.abort()
      const waiter = { wake: end, concerns }
      const topicWaiters = waiting.get(topic) ?? new Set()
      waiting.set(topic, topicWaiters)
      topicWaiters.add(waiter)
      signal?.addEventListener('abort', end, { once: true })
      await pause(Math.max(0, timeoutMs), woken.signal)
      signal?.removeEventListener('abort', end)
      topicWaiters.delete(waiter)
      if (topicWaiters.size === 0 && waiting.get(topic) === topicWaiters) waiting.delete(topic)
    },
    onNotify(topic, hear) {
      hearing.set(topic, [...(hearing.get(topic) ?? []), hear])
    },
    wakeAll,
    close() {
      closed = true
      wakeAll()
    },
  }
}
