/** How patient the activities of a remote run are. */
export interface RemoteRunTiming {
  /** How long one attempt of a wait may stay open before it looks again. */
  waitLeaseMs: number
  /** A worker that triggers a run and is not heard of for this long counts as lost. */
  stepHeartbeatMs: number
}
