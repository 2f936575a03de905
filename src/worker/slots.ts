import os from 'node:os'
import type { Isolation } from '../job-types/types.ts'

const MiB = 1024 ** 2
/** Of the memory, for handlers; the rest is for the worker's own work, and for what else there is. */
const handlersShare = 0.5
/** What a handler takes as a rule, and within which bounds its number is left to the memory. */
const ofHandlers = {
  shared: { bytes: 8 * MiB, fewest: 100, most: 1_000 },
  process: { bytes: 96 * MiB, fewest: 4, most: 100 },
} as const

/** How many handlers of a task queue run at a time, where nobody says. */
export function defaultSlots(isolations: readonly Isolation[], memoryBytes: number): number {
  const { bytes, fewest, most } = ofHandlers[isolations.includes('process') ? 'process' : 'shared']
  return Math.min(most, Math.max(fewest, Math.floor((memoryBytes * handlersShare) / bytes)))
}

/** What this process may use: of its container, where that has a limit. */
export function usableMemory(
  constrained: number = process.constrainedMemory(),
  total: number = os.totalmem(),
): number {
  return constrained > 0 ? Math.min(constrained, total) : total
}
