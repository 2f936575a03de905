import type { JobsClient, WireJobRun } from '../client/index.ts'
import { isTerminalStatus } from '../contract/index.ts'
export interface Wait {
  id: string
  jobRunId: string
  createdAt: string
}
export type WaitEnd = { kind: 'ended'; run: WireJobRun } | { kind: 'gone'; code: string; message: string }
export type PollWarning = { kind: string }
export interface PollerOptions {
  api: Pick<JobsClient, 'listJobRuns' | 'getJobRun'>
  requestsPerSecond: number
  listingMs: number
  deliver(id: string, end: WaitEnd): Promise<'delivered' | 'not_now'>
  onWarning(warning: PollWarning): void
}
export interface Poller {
  add(wait: Wait): void
  remove(id: string): void
  lastSeen(jobRunId: string): WireJobRun | undefined
  size(): number
  trouble(): { sinceMs: number; message: string } | null
  stop(): Promise<Wait[]>
}
export function leaseMs(size: number): number {
  return Math.min(600_000, Math.max(30_000, size * 80))
}
export function createPoller({ api, deliver }: PollerOptions): Poller {
  const waits = new Map<string, Wait>()
  const timer = setInterval(async () => {
    for (const w of waits.values()) {
      try {
        const run = await api.getJobRun(w.jobRunId)
        if (isTerminalStatus(run.status) && (await deliver(w.id, { kind: 'ended', run })) === 'delivered')
          waits.delete(w.id)
      } catch {}
    }
  }, 500)
  timer.unref()
  return {
    add: (w) => void waits.set(w.id, w),
    remove: (id) => void waits.delete(id),
    lastSeen: () => undefined,
    size: () => waits.size,
    trouble: () => null,
    stop: async () => {
      clearInterval(timer)
      return [...waits.values()]
    },
  }
}
