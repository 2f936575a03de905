import type { Context } from '@temporalio/activity'
import type { WorkerReportsClient } from '../client/worker-reports.ts'
import type { JobTypeRegistry } from '../job-types/registry.ts'
import type { Isolation } from '../job-types/types.ts'
import { warnOfFailure as warn } from './handle.ts'
import type { Handlers } from './handlers.ts'
import type { AttemptMemory } from './memory.ts'
import type { StopWatch } from './stop-watch.ts'

/** Where a worker tells its operator what the run's own record cannot say. A pino logger is one. */
export interface WorkerLog {
  info(fields: object, message: string): void
  warn(fields: object, message: string): void
}

export interface ExecuteJobRunDependencies {
  reports: WorkerReportsClient
  registry: JobTypeRegistry
  /** What runs the handlers. */
  handlers: Handlers
  /** Of job types that do not say. @default 'shared' */
  isolation?: Isolation
  /** How often an attempt shows that it lives, at least; a cancel arrives no other way. */
  heartbeatIntervalMs: number
  log: WorkerLog
  /** Names this worker in reports. @default pid@host */
  worker?: string
  /**
   * How long a status report is tried; then the reconciler makes up for it.
   * @default 60_000
   */
  reportGiveUpMs?: number
  /**
   * How long a handler may clean up after a cancel or at the end of its time; at most 5 s of it when the worker shuts down.
   * @default 20_000
   */
  handlerGraceMs?: number
  /**
   * How long log lines are gathered before they are sent.
   * @default 500
   */
  logFlushMs?: number
}

export type ExecuteJobRunSettings = Required<ExecuteJobRunDependencies>

/** One attempt of one run on this worker. */
export interface Attempt {
  settings: ExecuteJobRunSettings
  context: Context
  stop: StopWatch
  jobRunId: string
  installationId: string | undefined
  number: number
  /** How many runs this worker has at the moment. */
  beside: () => number
  /** For the next attempt; part of every heartbeat. */
  memory: AttemptMemory
}

/** For `persist`: says on the worker's log that a report has to be sent again. */
export function warnOfFailure(attempt: Attempt, what: string): (error: unknown, delayMs?: number) => void {
  const run = { job_run_id: attempt.jobRunId, attempt: attempt.number }
  return warn(attempt.settings.log, run, what)
}
