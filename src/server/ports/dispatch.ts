import type { ExecutionOptions } from './executor.ts'

export interface OutboxItem {
  id: string
  kind: 'start' | 'cancel'
  jobRunId: string
  jobType: string
  execution: ExecutionOptions
  tries: number
}

/** Who starts runs, in the server that they are triggered through. */
export interface StartTaker {
  /** A place for one more start, kept until it is handed over or released; false when there is none. */
  reserve(): boolean
  /** A start that is claimed for the taker and committed, in the place that it reserved. */
  take(item: OutboxItem): void
  /** Nothing came of what a place was reserved for. */
  release(): void
  /** How long a start stays the taker's. */
  leaseMs: number
}

export interface Dispatch {
  /** From now on runs that are triggered through this store are handed over, as long as there is room. @returns what ends that */
  handOver(taker: StartTaker): () => void

  /** Claims due outbox rows (SKIP LOCKED), oldest first per run, and marks them for `leaseMs`; commits before it returns. */
  claim(options: { limit: number; leaseMs: number }): Promise<{
    items: OutboxItem[]
    /** When the next of those that were postponed, or claimed by somebody who may be gone, is due; null: none is. */
    nextDueMs: number | null
  }>
  done(...itemIds: string[]): Promise<void>
  /** Due again after `delayMs`. */
  postpone(itemId: string, delayMs: number, reason: string): Promise<void>
  /** Resolves when the outbox may hold something new, or after `timeoutMs`. */
  wait(timeoutMs: number, signal?: AbortSignal): Promise<void>
  /** Runs dispatched, not terminal and not heard of for a while; pushes their next check `againMs` ahead. */
  claimUnreported(options: { limit: number; againMs: number }): Promise<string[]>
  /** Puts the start of a run into the outbox anew; does nothing when the run is terminal or a start of it is there already. */
  redispatch(jobRunId: string): Promise<void>
}
