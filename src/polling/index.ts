import { isTerminalStatus } from '../contract/index.ts'
import type { Poller, PollerOptions, Wait } from './types.ts'

export { leaseMs } from './lease.ts'
export type { Poller, PollerOptions, PollWarning, Wait, WaitEnd } from './types.ts'

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
