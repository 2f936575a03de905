import type { JobRun, RunError, StartAttemptResult } from '../contract/index.ts'
import type { Isolation } from '../job-types/types.ts'
import type { LogLevel } from './reporter.ts'

/** What is handed to a handler: one attempt of one run. Plain data, since it may go to another process. */
export interface Assignment {
  jobRun: JobRun
  jobType: string
  workspace: string
  attempt: number
}

export function toAssignment(
  { job_run, job_type, workspace }: StartAttemptResult & { action: 'execute' },
  attempt: number,
): Assignment {
  return { jobRun: job_run, jobType: job_type, workspace, attempt }
}

/** What a handler says while it works; secrets are out of it. */
export interface HandlerEvents {
  log(level: LogLevel, message: string, atMs: number): void
  progress(fraction: number, message?: string): void
  /** Something that the worker's own log shall tell: a report that has to be sent again. */
  warn(fields: object, message: string): void
}

/** Whose doing the end of a process of handlers was, as one of the runs in it sees it. */
export type Blame = 'this' | 'another' | 'unknown'

/** How the work on an assignment ended. Plain data, with no secret in it. */
export type HandlerEnd =
  | { ended: 'completed' }
  /** `again`: the handler asked for another attempt, after `afterMs` where given. */
  | { ended: 'threw'; error: RunError; again?: { afterMs?: number } }
  /** There was no process to begin it in. */
  | { ended: 'not_begun'; message: string }
  /** The process that it ran in is gone. */
  | { ended: 'lost'; blame: Blame; message: string }

export interface HandlerControl {
  /** Aborts when the handler shall stop; the reason's message says why. */
  stop: AbortSignal
  /** Aborts when nobody waits for the handler any longer: it was told to stop, and did not. */
  abandon: AbortSignal
  isolation: Isolation
}

/** Runs handlers, in this process or in others. */
export interface Handlers {
  /** Never rejects, and may never resolve after `abandon`. */
  run(assignment: Assignment, control: HandlerControl, events: HandlerEvents): Promise<HandlerEnd>
  /** Ends the processes it has, with what still runs in them. */
  close(): Promise<void>
}
