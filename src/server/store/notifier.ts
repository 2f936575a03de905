/** Wakes waiters of this process when something was committed through this store. */
export interface Notifier {
  notify(topic: string): void
  /** Resolves at the next `notify(topic)`, after `timeoutMs`, or when aborted; never rejects. */
  wait(topic: string, timeoutMs: number, signal?: AbortSignal): Promise<void>
  /** Wakes everybody, and whoever waits later at once. */
  close(): void
}

/**
 * No wait lasts longer than this: another server on the same database may have written, and a waiter may have looked
 * just before the write and begun to wait just after it. Looking again is its poll.
 */
export const maxWaitMs = 500

export const outboxTopic = 'outbox'

export function changesTopic(workspace: string): string {
  return `changes/${workspace}`
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
  return {
    notify: wake,
    wait(topic, timeoutMs, signal) {
      if (closed || signal?.aborted) return Promise.resolve()
      return new Promise((resolve) => {
        const topicWaiters = waiting.get(topic) ?? new Set()
        waiting.set(topic, topicWaiters)
        const end = () => {
          clearTimeout(timer)
          signal?.removeEventListener('abort', end)
          topicWaiters.delete(end)
          if (topicWaiters.size === 0 && waiting.get(topic) === topicWaiters) waiting.delete(topic)
          resolve()
        }
        const timer = setTimeout(end, Math.max(0, Math.min(timeoutMs, maxWaitMs)))
        signal?.addEventListener('abort', end, { once: true })
        topicWaiters.add(end)
      })
    },
    close() {
      closed = true
      for (const topic of [...waiting.keys()]) wake(topic)
    },
  }
}
