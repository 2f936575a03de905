import type { LimitState } from './types.ts'

/** The argument of `keepLimit`. */
export interface KeepLimitInput {
  key: string
  workspace?: string
  /** Goes on as a new workflow execution at this many events even if the server does not suggest it yet. */
  maxHistoryEvents?: number
  /** Carried across continue-as-new; absent at the start. */
  state?: LimitState
}

/** What can be read of a limit without a worker. */
export interface LimitMemo {
  key: string
  workspace?: string
}

/** The answer to the query `limit`. */
export type LimitView = Pick<LimitState, 'limit' | 'holders' | 'waiting'>
