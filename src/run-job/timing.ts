import type { RemoteRunTiming } from '../remote-run/index.ts'

/** Every wait looks again by itself after the lease; as a rule it is told long before. */
export const timing: RemoteRunTiming = { waitLeaseMs: 10 * 60_000, stepHeartbeatMs: 5_000 }
