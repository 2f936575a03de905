import { ApplicationFailure } from '@temporalio/activity'
import { JobsApiError, type JobsClient } from '../../client/index.ts'
import { isTerminalStatus } from '../../contract/index.ts'
import type { SweepFinding, SweepMode } from '../../contract/sweep.ts'
import type { UnbegunRuns } from '../../pipeline/plan/index.ts'
import { judgeRuns } from '../../protocol/index.ts'
import { eachOf } from '../each-of.ts'
import { runKey } from '../keys.ts'
import { listRuns } from '../unfenced/list-runs.ts'
import { isJobsApi } from '../unfenced/send-cancel.ts'
import type { ClosedRun, PipelineRemains, RemainingRun } from './types.ts'

/** What is missing for longer than this is gone. */
const missingMs = 60_000
const atOnce = 8

interface Sweeping {
  api: JobsClient
  namespace: string
  mode: SweepMode
}

interface Swept {
  /** Nothing of it is active, or all was said that can be. */
  isDone: boolean
  found: SweepFinding[]
}

type Outcome = Pick<SweepFinding, 'jobRunId' | 'outcome' | 'code'>
type Looked = { isDone: boolean; found: Outcome[] }

/** Of an error: no text of a server, which may repeat what it was sent. */
export function codeOf(error: unknown): string {
  if (error instanceof JobsApiError) return error.code
  if (error instanceof ApplicationFailure) return error.type ?? 'failed'
  return 'unreadable'
}

/** Cancels what a closed pipeline run left active, or tells of it. */
export async function sweepRun(
  sweeping: Sweeping,
  closed: ClosedRun,
  remains: PipelineRemains,
): Promise<Swept> {
  const swept: Swept = { isDone: true, found: [] }
  // Where there are no keys, whatever is begun is in the history.
  const unbegun = remains.mode === 'fenced' ? (remains.unbegun ?? []) : []
  await eachOf([...remains.runs, ...unbegun.flatMap(eachRun)], atOnce, async (run) => {
    const { isDone, found } = await sweepOne(sweeping, closed, remains, run).catch(
      (error: unknown): Looked => ({
        isDone: false,
        found: [{ jobRunId: run.jobRunId, outcome: 'failed', code: codeOf(error) }],
      }),
    )
    swept.isDone &&= isDone
    const { step, item } = run
    swept.found.push(...found.map((one) => ({ pipelineRun: closed.workflowId, step, item, ...one })))
  })
  return swept
}

function eachRun({ step, item, count, generation }: UnbegunRuns): RemainingRun[] {
  return Array.from({ length: count }, (_, index) => ({
    step,
    item: item === null ? null : item + index,
    generation,
    jobRunId: null,
  }))
}

function sweepOne(
  sweeping: Sweeping,
  closed: ClosedRun,
  remains: PipelineRemains,
  run: RemainingRun,
): Promise<Looked> {
  return remains.mode === 'fenced'
    ? sweepFenced(sweeping, closed, remains, run)
    : sweepUnfenced(sweeping, closed, run)
}

/** By the key: it also bars a trigger that is still under way. */
async function sweepFenced(
  { api, namespace, mode }: Sweeping,
  { workflowId }: ClosedRun,
  { firstExecutionRunId }: PipelineRemains,
  run: RemainingRun,
): Promise<Looked> {
  const { jobRunId } = run
  if (jobRunId !== null) {
    const { status } = await api.getJobRun(jobRunId)
    if (isTerminalStatus(status)) return { isDone: true, found: [] }
  }
  if (mode === 'report')
    return { isDone: true, found: [{ jobRunId, outcome: jobRunId === null ? 'unknown' : 'active' }] }
  const key = runKey(
    { namespace, workflowId },
    { ...run, firstExecutionRunId: run.scope ?? firstExecutionRunId },
  )
  const { job_run: cancelled } = await api.cancelByKey(key)
  if (!cancelled) return { isDone: true, found: [] }
  const isOver = isTerminalStatus(cancelled.status)
  // Of one that was not known, over before this look.
  if (isOver && cancelled.status !== 'cancelled') return { isDone: true, found: [] }
  return {
    isDone: isOver,
    found: [{ jobRunId: cancelled.uuid, outcome: isOver ? 'cancelled' : 'cancelling' }],
  }
}

/** By its id, and by its job where that was made for it alone: there may be more runs than the pipeline run knew of. */
async function sweepUnfenced(sweeping: Sweeping, closed: ClosedRun, run: RemainingRun): Promise<Looked> {
  const { api } = sweeping
  const ids = new Set([...(run.jobRunId === null ? [] : [run.jobRunId]), ...(run.trigger?.extras ?? [])])
  const looked: Looked = { isDone: true, found: [] }
  if (run.trigger) {
    const { job, doubtUntilMs } = run.trigger
    const begunAtMs = Date.now()
    const { runs, isComplete } = await listRuns(api, job.jobId, null, new AbortController().signal)
    const { ours, doubtful } = judgeRuns(runs, job)
    for (const { jobRunId } of ours) ids.add(jobRunId)
    if (doubtUntilMs !== null) {
      looked.isDone = isComplete && begunAtMs >= doubtUntilMs
      for (const { jobRunId, status } of doubtful)
        if (!isTerminalStatus(status)) looked.found.push({ jobRunId, outcome: 'unknown' })
    }
  }
  for (const jobRunId of ids) {
    const { isDone, found } = await end(sweeping, closed, jobRunId)
    looked.isDone &&= isDone
    looked.found.push(...found)
  }
  return looked
}

async function end({ api, mode }: Sweeping, { closedAtMs }: ClosedRun, jobRunId: string): Promise<Looked> {
  const status = async () => {
    try {
      return (await api.getJobRun(jobRunId)).status
    } catch (error) {
      if (error instanceof JobsApiError && (error.status === 404 || error.status === 410)) return undefined
      throw error
    }
  }
  const before = await status()
  if (before === undefined)
    return { isDone: Date.now() - closedAtMs > missingMs && (await isJobsApi(api)), found: [] }
  if (isTerminalStatus(before)) return { isDone: true, found: [] }
  if (mode === 'report') return { isDone: true, found: [{ jobRunId, outcome: 'active' }] }
  await api.cancelJobRun(jobRunId).catch((error: unknown) => {
    // Whatever it says: what is true, the next look tells.
    if (!(error instanceof JobsApiError) || error.status === undefined) throw error
  })
  const after = await status()
  const isOver = after === undefined || isTerminalStatus(after)
  return { isDone: isOver, found: [{ jobRunId, outcome: isOver ? 'cancelled' : 'cancelling' }] }
}
