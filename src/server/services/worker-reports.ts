import { setImmediate } from 'node:timers/promises'
import { jsonTextProblemsWithPauses } from '../../base/json-text.ts'
import { decodeUtf8 } from '../../base/utf8.ts'
import {
  type AppendLogsBody,
  describeJsonProblem,
  type FinishRunBody,
  isJsonMediaType,
  isTerminalStatus,
  type JobRun,
  limits,
  type OutputReference,
  outputNamePattern,
  type ProgressBody,
  type ReportResult,
  type RetryRunBody,
  type StartAttemptResult,
} from '../../contract/index.ts'
import type { JobStore } from '../ports/index.ts'
import { mediaTypeProblem } from './media-type.ts'
import { ApiProblem, invalid, type ProblemDetail, unknown } from './problems.ts'

export interface WorkerReportService {
  start(jobRunId: string, attempt: number, installationId?: string): Promise<StartAttemptResult>
  finish(jobRunId: string, report: FinishRunBody): Promise<ReportResult>
  retry(jobRunId: string, report: RetryRunBody): Promise<ReportResult>
  progress(jobRunId: string, report: ProgressBody): Promise<ReportResult>
  appendLogs(jobRunId: string, report: AppendLogsBody): Promise<ReportResult>
  putOutput(
    jobRunId: string,
    attempt: number,
    output: { name: string; type: string; mediaType: string; content: Uint8Array },
  ): Promise<OutputReference>
}

/** What workers say about the runs they execute. A report that comes too late changes nothing and is a success. */
export function createWorkerReportService(store: JobStore): WorkerReportService {
  const { reports } = store
  const result = (
    jobRunId: string,
    reported: { applied: boolean; run: JobRun } | undefined,
  ): ReportResult => {
    if (!reported) throw unknown('job_run', jobRunId)
    return { applied: reported.applied, job_run: reported.run }
  }
  return {
    async start(jobRunId, attempt, installationId) {
      if (installationId !== undefined && installationId !== (await store.installationId()))
        throw new ApiProblem(
          409,
          'other_installation',
          `Job run ${jobRunId} belongs to another server, whose workers share a Temporal task queue with this one's; ` +
            'give each installation a name of its own (JOBWRIGHT_INSTALLATION)',
        )
      const started = await reports.startAttempt(jobRunId, attempt)
      if (!started) throw unknown('job_run', jobRunId)
      const { run, jobType, workspace, previousAttempt } = started
      if (isTerminalStatus(run.status)) return { action: 'finished', job_run: run }
      // Its worker counts as lost, and another one executes the run by now.
      if ((run.attempt ?? 0) > attempt)
        throw new ApiProblem(
          409,
          'attempt_superseded',
          `Attempt ${run.attempt} of job run ${jobRunId} has begun; attempt ${attempt} is over`,
        )
      return {
        action: 'execute',
        job_run: run,
        job_type: jobType,
        workspace,
        previous_attempt: previousAttempt,
      }
    },
    finish: async (jobRunId, report) => result(jobRunId, await reports.finish(jobRunId, report)),
    retry: async (jobRunId, report) =>
      result(jobRunId, await reports.retry(jobRunId, report.attempt, report.error)),
    progress: async (jobRunId, report) => result(jobRunId, await reports.progress(jobRunId, report)),
    appendLogs: async (jobRunId, report) => result(jobRunId, await reports.appendLogs(jobRunId, report)),
    async putOutput(jobRunId, attempt, output) {
      const problems = [
        outputNamePattern.test(output.name)
          ? undefined
          : {
              pointer: '{name}',
              detail: `${JSON.stringify(output.name.slice(0, 100))} is not a name of an output; expected letters, digits and underscores, at most 100`,
            },
        mediaTypeProblem(output.mediaType) ?? (await contentProblem(output)),
      ].filter((problem) => problem !== undefined)
      if (problems.length > 0) throw invalid('validation_failed', problems)
      const stored = await reports.putOutput(jobRunId, attempt, output)
      if (stored === undefined) throw unknown('job_run', jobRunId)
      if (stored === 'full')
        throw new ApiProblem(
          422,
          'outputs_full',
          `Job run ${jobRunId} has no room for the output ${output.name}: a run keeps ${limits.outputsOfRun} outputs, of ${limits.outputBytesOfRun} bytes together`,
        )
      if (stored === 'terminal')
        throw new ApiProblem(
          409,
          'job_run_terminal',
          `Job run ${jobRunId} takes no more outputs: it has ended, or a later attempt has begun`,
        )
      return stored
    },
  }
}

/** JSON has to be JSON, and of a kind that every answer can carry: an output is part of lists and of the change feed. */
async function contentProblem(output: {
  mediaType: string
  content: Uint8Array
}): Promise<ProblemDetail | undefined> {
  if (!isJsonMediaType(output.mediaType)) return undefined
  const decoded = decodeUtf8(output.content)
  if ('badByte' in decoded)
    return { pointer: '', detail: `is not UTF-8, as JSON is: at byte offset ${decoded.badByte}` }
  const problems = await jsonTextProblemsWithPauses(decoded.text, limits.jsonDepth, setImmediate)
  const detail = describeJsonProblem(problems[0])
  return detail === undefined ? undefined : { pointer: '', detail: `is no JSON that can be kept: ${detail}` }
}
