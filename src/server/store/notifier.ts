import { createHash } from 'node:crypto'
import { pause } from '../../base/abort.ts'

/** Wakes who waits for something that was committed, by this server or by another one on the same database. */
export interface Notifier {
  /** Wakes the waiters of this process; those of others are told by the database (`announcements.ts`). */
  notify(topic: string): void
  /** Resolves at the next `notify(topic)`, after `timeoutMs`, or when aborted; never rejects. */
  wait(topic: string, timeoutMs: number, signal?: AbortSignal): Promise<void>
  /** Something may have been missed: everybody looks. */
  wakeAll(): void
  /** Wakes everybody, and whoever waits later at once. */
  close(): void
}

export const outboxTopic = 'outbox'

/** Short, whatever the workspace is called: what PostgreSQL announces has room for 8,000 bytes. */
export function changesTopic(workspace: string): string {
  return `changes/${createHash('md5').update(workspace).digest('hex')}`
}

export function runTopic(jobRunId: string): string {
  return `run/${jobRunId}`
}

/** Wakes who follows the workspace's feed, and who waits for this run; nobody else has to look. */
export function notifyOfChange(notifier: Notifier, run: { workspace: string; uuid: string }): void {
  notifier.notify(changesTopic(run.workspace))
  notifier.notify(runTopic(run.uuid))
}

export function createNotifier(): Notifier {
  const waiting = new Map<string, Set<() => void>>()
  let closed = false
  const wake = (topic: string) => {
    for (const resolve of [...(waiting.get(topic) ?? [])]) resolve()
  }
  const wakeAll = () => {
    for (const topic of [...waiting.keys()]) wake(topic)
  }
  return {
    notify: wake,
    async wait(topic, timeoutMs, signal) {
      if (closed || signal?.aborted) return
      const woken = new AbortController()
      const end = () => woken.abort()
      const topicWaiters = waiting.get(topic) ?? new Set()
      waiting.set(topic, topicWaiters)
      topicWaiters.add(end)
      signal?.addEventListener('abort', end, { once: true })
      await pause(Math.max(0, timeoutMs), woken.signal)
      signal?.removeEventListener('abort', end)
      topicWaiters.delete(end)
      if (topicWaiters.size === 0 && waiting.get(topic) === topicWaiters) waiting.delete(topic)
    },
    wakeAll,
    close() {
      closed = true
      wakeAll()
    },
  }
}
