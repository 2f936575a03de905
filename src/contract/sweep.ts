/** What sweeps leave in Temporal: each result is for the next sweep, and for people. Fields mean the same for ever. */

/** `cancel`: job runs that a closed pipeline run left active are cancelled; `report`: they are only told of. */
export const sweepModes = ['cancel', 'report'] as const
export type SweepMode = (typeof sweepModes)[number]

/** A job run, or one that may be, of a pipeline run that is closed. */
export interface SweepFinding {
  pipelineRun: string
  step: string
  /** 0-based; null outside `for_each`. */
  item: number | null
  /** null where it is not known which. */
  jobRunId: string | null
  /** In its place: a pipeline run that was a step of the closed one. */
  nestedRunId?: string
  /**
   * `cancelled`: it was active, and is not any more. `cancelling`: told so, and looked at again. `active`: only reported. `unknown`: it
   * may be ours, and may be somebody else's, or may not be there at all. `failed`: could not be looked at; `code` says why.
   */
  outcome: 'cancelled' | 'cancelling' | 'active' | 'unknown' | 'failed'
  code?: string
}

/** The result of the workflow `sweepClosedRuns`. */
export interface SweepReport {
  mode: SweepMode
  startedAtMs: number
  /** Pipeline runs that were closed from outside, and looked at. */
  looked: number
  /** At most 100. */
  findings: SweepFinding[]
  /** Pipeline runs that the next sweep looks at again. */
  unfinished: number
  next: SweepMemory
}

/** Where the next sweep goes on. */
export interface SweepMemory {
  /** Whatever closed before is done with. */
  sinceMs: number
  /** Of what closed later: executions that are done with. */
  done: string[]
}
