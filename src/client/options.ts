import type { CallOptions } from './transport.ts'

/** What single operations take beside their parameters. */

export interface CreateOptions extends CallOptions {
  /** Sent as `Idempotency-Key`: the same key and body make nothing new, on a server that takes keys; ours answers what was made, as it is now. */
  idempotencyKey?: string | undefined
}

export interface JobChangeOptions extends CallOptions {
  /** The job's `etag`: only over that state, else 412; on a server that gives ETags. */
  ifMatch?: string | undefined
}

export interface PageQuery {
  limit?: number | undefined
  cursor?: string | undefined
}
