import type { Counts } from './arms/arm.ts'

/** What a run of the bench found, as it is kept beside its report. */
export interface Results {
  date: string
  command: string
  commit: string
  /** Of the other checkout, where one took part. */
  baseline: string | undefined
  machine: string
  loadBefore: number
  loadAfter: number
  rounds: number
  workloads: readonly WorkloadResult[]
  /** Arms that did not take part, and why. */
  skipped: readonly { arm: string; why: string }[]
  waiting: readonly WaitingResult[]
  kills: readonly string[]
  memory: readonly { process: string; freshMiB: number; usedMiB: number; idleCores: number }[]
  installedMiB: number
}

export interface WorkloadResult {
  name: string
  title: string
  /** Of all runs of a block. */
  steps: number
  runs: number
  /** Of the load that was counted. */
  countedSteps: number
  arms: readonly ArmResult[]
}

export interface ArmResult {
  name: string
  title: string
  /** A block each, in the same order for all arms. */
  samples: readonly Sample[]
  /** Of the load that was counted, which may be less than a block. */
  counts: Counts
}

export interface Sample {
  wallMs: number
  /** By process. */
  cpuMs: Readonly<Record<string, number>>
  /** From the end of a job run until its pipeline run was told to be over; only where the Jobs API says when runs end. */
  latenessMs: readonly number[]
}

/** Of so many waits at once. */
export interface WaitingResult {
  arm: string
  waits: number
  fillMs: number
  fillCpuMs: Readonly<Record<string, number>>
  /** While nothing ends. */
  holdMs: number
  holdCpuMs: Readonly<Record<string, number>>
}
