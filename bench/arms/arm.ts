import type { Done, Load } from '../load.ts'
import { cpuMs, descendantsCpuMs, residentMiB } from '../machine.ts'

/** Something that carries out loads, whose cost is counted by process. */
export interface Arm {
  readonly name: string
  readonly title: string
  readonly processes: readonly CountedProcess[]
  run(load: Load): Promise<Done>
  /** What a run costs in things that can be counted; where the arm cannot say, nothing. */
  counts?(load: Load): Promise<Counts>
  stop(): Promise<void>
}

export interface CountedProcess {
  label: string
  pid: number
  /**
   * `alone`: without those that it started; `children`: only those; `tree`: both, with those that are over.
   */
  counts: 'alone' | 'children' | 'tree'
}

/** Of one load. */
export interface Counts {
  events?: number
  workflowTasks?: number
  /** To the Jobs API, by method and route. */
  requests?: Record<string, number>
  /** Of SQL. */
  statements?: number
}

export function cpuOf({ pid, counts }: CountedProcess): number {
  if (counts === 'alone') return cpuMs(pid)
  return descendantsCpuMs(pid) + (counts === 'tree' ? cpuMs(pid) : 0)
}

export const memoryOf = ({ pid }: CountedProcess): number => residentMiB(pid)
