import type { Context } from '@temporalio/activity'

/** What one attempt leaves for the next, wherever that runs: it is in every heartbeat. */
export interface AttemptMemory {
  /** The attempt that ended by asking for another, in case the report of it got lost. */
  handedOver?: number
  /** How many attempts so far do not count: the process that they ran in ended through no doing of theirs. */
  uncounted: number
  /** The next attempt gets a process of its own. */
  isAlone?: boolean
}

const isCount = (value: unknown): value is number => Number.isSafeInteger(value) && Number(value) >= 0

/** What the attempt before this one left. */
export function recall({ info }: Context): AttemptMemory {
  const details: unknown = info.heartbeatDetails
  if (typeof details !== 'object' || details === null) return { uncounted: 0 }
  const { handedOver, uncounted, isAlone } = details as Partial<Record<keyof AttemptMemory, unknown>>
  return {
    uncounted: isCount(uncounted) ? uncounted : 0,
    ...(isCount(handedOver) ? { handedOver } : {}),
    ...(isAlone === true ? { isAlone } : {}),
  }
}

/** Whether the attempt before this one ended by asking for another, although the server may not know. */
export function wasHandedOver({ context, number }: { context: Context; number: number }): boolean {
  return recall(context).handedOver === number - 1
}
