export { leaseMs } from './lease.ts'
export { createPoller } from './poller.ts'
export type { Poller, PollerOptions, PollWarning, Wait, WaitEnd } from './types.ts'
