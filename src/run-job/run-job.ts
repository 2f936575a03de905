import {
  ApplicationFailure,
  CancellationScope,
  CancelledFailure,
  defineQuery,
  isCancellation,
  setHandler,
  sleep,
} from '@temporalio/workflow'
import type { PipelineRemains } from '../activities/index.ts'
import type { Json, JsonObject } from '../base/json.ts'
import { containsReference } from '../contract/jobs/references.ts'
import { runJobNames } from '../contract/names.ts'
import type {
  ConfigOf,
  DefinedJobType,
  JobTypeName,
  JobTypeShape,
  OtherJobType,
  OutputsOf,
} from '../pipeline/build/job-type-types.ts'
import {
  type ConnectionProfile,
  concludeGeneration,
  forgetTrigger,
  isDone,
  type JobRunRecord,
  move,
  noteCancelling,
  noteOpen,
  type RemoteRunOutcome,
  type StepError,
  timeLeftMs,
} from '../pipeline/plan/index.ts'
import {
  askDurably,
  askQuickly,
  type RemoteRun,
  type RemoteRunRequest,
  remoteRunIn,
  runToEnd,
  type TimeLeft,
} from '../remote-run/index.ts'
import { checkCall } from './call.ts'
import { identityOf } from './identity.ts'
import { enter, type Ledger, ledgerOf, note, type OwnRun } from './ledger.ts'
import { outputsOf } from './outputs.ts'
import { remainsOf } from './remains.ts'
import { answerPeople } from './steering.ts'
import { surroundingsOf } from './surroundings.ts'
import { timing } from './timing.ts'
import type { ConfigField, FailedJobRun, JobRunOf, RunJobOptions } from './types.ts'

export async function runJob<Type extends DefinedJobType | OtherJobType<JobTypeShape> = never>(
  // Only where it is named: there is nothing to infer it from.
  options: RunJobOptions &
    ConfigField<ConfigOf<Type, JsonObject>> & { jobType: [Type] extends [never] ? never : string },
): Promise<JobRunOf<OutputsOf<Type, Record<string, Json>>>>
export async function runJob(
  options: RunJobOptions & { jobId: string; config?: JsonObject },
): Promise<JobRunOf<Record<string, Json>>>
/**
 * Runs a job as a step of this workflow, and waits for its end: triggered once, whatever is killed, and cancelled for sure. The
 * activities of the workflow's worker must include those of `jobwrightActivities`.
 *
 * A cancelled scope cancels the job run, and is left when that is confirmed. A run that completed first is returned.
 * @throws ApplicationFailure with the error's code as its type and a `FailedJobRun` as its details; CancelledFailure
 *
 * @example
 * ```ts
 * import { runJob } from 'jobwright/workflow'
 *
 * export async function thumbnails(urls: string[]): Promise<void> {
 *   for (const url of urls) await runJob({ step: 'thumbnail', jobType: 'resize_image', config: { url, width: 120 } })
 * }
 * ```
 */
export async function runJob<const Type extends JobTypeName | OtherJobType<JobTypeShape>>(
  options: RunJobOptions & { jobType: Type } & ConfigField<ConfigOf<Type, JsonObject>>,
): Promise<JobRunOf<OutputsOf<Type, Record<string, Json>>>>
export async function runJob(options: RunJobOptions): Promise<JobRunOf<unknown>> {
  const call = checkCall(options)
  // One with a key may have a run that an earlier execution began.
  if (call.key === undefined && isCancelled()) throw new CancelledFailure('cancelled before it began')
  const ledger = ledgerOf((own) => {
    answerPeople(own)
    setHandler(defineQuery<PipelineRemains[]>(runJobNames.remains), () => remainsOf(own))
    note(own)
  })
  return toEnd(ledger, enter(ledger, call))
}

function isCancelled(): boolean {
  return CancellationScope.current().consideredCancelled
}

async function toEnd(ledger: Ledger, run: OwnRun): Promise<JobRunOf<unknown>> {
  const { item, line } = run
  item.startedAtMs = Date.now()
  item.generation = 1
  try {
    for (;;) {
      const outcome = await runGeneration(ledger, run)
      const now = { nowMs: Date.now(), isCancelled: isCancelled() }
      if (!concludeGeneration(line, item, outcome, now)) return await conclude(run, outcome)
      await sleep(Math.max(1, (item.notBeforeMs ?? 0) - Date.now()))
      item.notBeforeMs = null
    }
  } catch (error) {
    // Between two generations, where nothing is open.
    if (item.status === 'waiting' && isCancellation(error)) move(item, 'cancelled')
    if (isDone(item.status) || !(error instanceof ApplicationFailure)) throw error
    // It cannot be run on this connection as it is.
    item.error = { code: error.type ?? 'run_failed', message: error.message }
    move(item, 'failed')
    throw failure(run, item.error)
  } finally {
    item.finishedAtMs = Date.now()
    forgetTrigger(item)
  }
}

async function runGeneration(ledger: Ledger, run: OwnRun): Promise<RemoteRunOutcome> {
  const { item, line } = run
  const startedAtMs = Date.now()
  item.generationStartedAtMs = startedAtMs
  move(item, 'began')
  const left: TimeLeft = () => timeLeftMs(line, item, { startedAtMs, nowMs: Date.now() })
  const request = requestOf(ledger, run)
  return runToEnd({
    remote: () => reach(ledger, request, left),
    left,
    openJobRunId: null,
    isBarred: false,
    refused: null,
    onOpen: (jobRun) => noteOpen(item, jobRun),
    onCancelling(refusal) {
      item.error = refusal
      // What a person says comes too late from now on.
      const isAsked = ledger.parked.delete(item)
      noteCancelling(item, Date.now())
      if (isAsked) note(ledger)
    },
  })
}

function requestOf(ledger: Ledger, run: OwnRun): RemoteRunRequest {
  const { call, item } = run
  const { settleMs } = call
  return {
    ...identityOf(run),
    name: call.step,
    generation: item.generation,
    connection: call.connection,
    pipeline: ledger.plan.name,
    target: call.target,
    config: call.config,
    secrets: call.secrets,
    timing: settleMs === undefined ? timing : { ...timing, settleMs },
    // Workflow ids come again: a config that has one does not say whose it is.
    isMarked: false,
    activityPrefix: runJobNames.activityPrefix,
    surroundings: surroundingsOf(ledger, run),
  }
}

async function reach(ledger: Ledger, request: RemoteRunRequest, left: TimeLeft): Promise<RemoteRun> {
  const { profiles, questions } = ledger
  const { connection } = request
  const found = profiles.get(connection) ?? (await ask())
  // Whoever asked first has it; from then on it is taken for that.
  const profile = profiles.get(connection) ?? found
  profiles.set(connection, profile)
  if (!profile.valueReferences && containsReference(request.config ?? undefined))
    throw ApplicationFailure.nonRetryable(
      `the Jobs API of connection ${connection} cannot resolve secrets in a config`,
      'server_without_value_references',
    )
  if (request.scope === undefined && profile.mode !== 'fenced')
    throw ApplicationFailure.nonRetryable(
      `a key needs a server with idempotency keys; that of connection ${connection} has none`,
      'key_needs_fenced_connection',
    )
  return remoteRunIn(profile, request)

  async function ask(): Promise<ConnectionProfile> {
    const question = { connection }
    const quick = questions.get(connection) ?? askQuickly(question, runJobNames.activityPrefix)
    questions.set(connection, quick)
    return (await quick) ?? askDurably(question, request.timing, left, runJobNames.activityPrefix)
  }
}

/** What the caller gets of a run that is over. @throws ApplicationFailure, CancelledFailure */
async function conclude(run: OwnRun, { kind, record }: RemoteRunOutcome): Promise<JobRunOf<unknown>> {
  const { call, item } = run
  if (item.status === 'completed' && record) {
    // A run that completed first is completed, whatever was asked of it meanwhile.
    const outputs = await CancellationScope.nonCancellable(() => readAll(run, record))
    const { jobRunId, jobId } = record
    return { jobRunId, jobId, status: 'completed', outputs, ...generationsOf(run) }
  }
  if (kind === 'cancelled' && item.status === 'cancelled')
    throw new CancelledFailure(`${call.step} was cancelled`, [failedRun(run, cancelledError)])
  throw failure(run, item.error ?? { code: 'run_failed', message: 'failed' })
}

const cancelledError: StepError = { code: 'cancelled', message: 'it was cancelled' }

async function readAll(run: OwnRun, record: JobRunRecord): Promise<Record<string, Json>> {
  try {
    return await outputsOf(run.call, record)
  } catch (error) {
    if (!(error instanceof ApplicationFailure)) throw error
    throw failure(run, { code: error.type ?? 'output_not_readable', message: error.message })
  }
}

function generationsOf({ item }: OwnRun) {
  return { generation: item.generation, earlier: item.earlier ?? [] }
}

function failedRun(run: OwnRun, error: StepError): FailedJobRun {
  const { status, jobRunId, jobId } = run.item
  return {
    step: run.call.step,
    jobRunId,
    jobId,
    status: status === 'completed' || status === 'cancelled' ? status : 'failed',
    error,
    ...generationsOf(run),
  }
}

/** Not marked as final: whether the workflow may be tried again is for its own retry policy to say, as with activities. */
function failure(run: OwnRun, error: StepError): ApplicationFailure {
  return ApplicationFailure.create({
    type: error.code,
    message: `${run.call.step}: ${error.message}`,
    nonRetryable: false,
    details: [failedRun(run, error)],
  })
}
