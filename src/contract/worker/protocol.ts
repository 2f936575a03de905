import { z } from 'zod'
import {
  jobRunSchema,
  limits,
  logLineSchema,
  outputReferenceSchema,
  runErrorSchema,
  uuid,
} from '../jobs/schemas.ts'
import { terminalJobRunStatuses } from '../jobs/status.ts'
import { isInstant } from '../jobs/wire-forms.ts'

/**
 * How a worker reports the runs it executes: `/worker/job-runs/{job_run_id}/…`, with a worker token.
 * Every report carries the attempt; one of an older attempt, or for a terminal run, changes nothing and is still a success.
 */
const attempt = z.number().int().min(1).max(limits.attempts)

/** Sent with the ordinary API by a handler: the caller acts within the workspace of this run. */
export const jobRunHeader = 'Jobwright-Job-Run'

export const startAttemptBody = z.strictObject({
  attempt,
  worker: z.string().max(255),
  /** As the activity's input has it: a server that has another one refuses with `other_installation`. */
  installation_id: uuid.optional(),
})
export const startAttemptSchema = z.discriminatedUnion('action', [
  z.object({
    action: z.literal('execute'),
    job_run: jobRunSchema,
    job_type: z.string(),
    workspace: z.string(),
    /** Why this is not the first attempt: the handler asked for another (`retryable`), or its worker died (`lost`). */
    previous_attempt: z.enum(['none', 'retryable', 'lost']),
  }),
  /** Terminal already: a crash came between the report and the completion, or it was cancelled before it started. */
  z.object({ action: z.literal('finished'), job_run: jobRunSchema }),
])
const logLines = z
  .array(
    logLineSchema.pick({ level: true, message: true }).extend({
      at: z.string().refine(isInstant, 'expected a time as 2026-04-13T10:10:00.000000, UTC'),
    }),
  )
  .max(1000)
const progress = {
  fraction: z.number().min(0).max(1).nullish(),
  message: z.string().max(500).nullish(),
}
/** `lines` and `progress`: what the attempt has said last, so that it needs no report of its own. */
export const finishRunBody = z.strictObject({
  attempt,
  status: z.enum(terminalJobRunStatuses),
  error: runErrorSchema.nullish(),
  lines: logLines.optional(),
  progress: z.strictObject(progress).optional(),
})
export const retryRunBody = z.strictObject({ attempt, error: runErrorSchema })
export const progressBody = z.strictObject({ attempt, ...progress })
export const appendLogsBody = z.strictObject({ attempt, lines: logLines })
/** `PUT /worker/job-runs/{id}/outputs/{name}?attempt=N&type=T`: the body is the output, Content-Type its media type. */
export const putOutputQuery = z.strictObject({
  attempt,
  type: z.string().min(1).max(100).optional(),
})
export const reportResultSchema = z.object({ applied: z.boolean(), job_run: jobRunSchema })
export const putOutputSchema = outputReferenceSchema

export const outputNamePattern = /^[A-Za-z_][A-Za-z0-9_]{0,99}$/
export const workerLimits = {
  outputBytes: limits.outputBytes,
  logLineCharacters: 8192,
  logLines: 100_000,
} as const

/** The argument of the activity `executeJobRun`, with which the server hands a run to the workers. */
export interface ExecuteJobRunInput {
  job_run_id: string
  job_type: string
  /** Of the server that knows the run; absent in what an earlier version started. */
  installation_id?: string
}

/** A worker ends an attempt that is out of time by itself; how much later Temporal does, in case it does not. */
export const attemptSlackMs = 5 * 60_000

/** What a worker that shuts down allows a handler once it is told to stop, and then the report of its end. */
export const workerShutdownMs = { handler: 5_000, report: 5_000 } as const

export type StartAttemptResult = z.infer<typeof startAttemptSchema>
export type FinishRunBody = z.infer<typeof finishRunBody>
export type AppendLogsBody = z.infer<typeof appendLogsBody>
export type ProgressBody = z.infer<typeof progressBody>
export type RetryRunBody = z.infer<typeof retryRunBody>
/** `applied` is false for a report that came too late to change anything; that is a success too. */
export type ReportResult = z.infer<typeof reportResultSchema>
