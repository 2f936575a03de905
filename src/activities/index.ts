import { ApplicationFailure, Context } from '@temporalio/activity'
import { heartbeatEveryMs } from '../base/heartbeat.ts'
import type { Json } from '../base/json.ts'
import { type Capabilities, waitRefPrefix } from '../contract/index.ts'
import type { SweepReport } from '../contract/sweep.ts'
import type { ConnectionProfile, JobRunRecord } from '../pipeline/plan/index.ts'
import { leaseMs } from '../polling/index.ts'
import type { OwnJob, SeenRun } from '../protocol/index.ts'
import type { Advance, EndedRun } from '../schedule/plan/index.ts'
import { awaitJobRun } from './await-job-run.ts'
import { advanceBackfill, awaitBackfillRuns, cancelBackfillRuns } from './backfill/backfill.ts'
import type { AdvanceBackfillInput, BackfillRunsInput } from './backfill/types.ts'
import { cancelJobRun } from './cancel-job-run.ts'
import type { ActivityDependencies } from './dependencies.ts'
import { createDefects, rejected, withFailures as withFailuresOf } from './failures.ts'
import { holdPresence } from './hold-presence.ts'
import { createLimitActivities, type LimitActivities } from './limits/index.ts'
import { lookAtJobRuns } from './look-at-job-runs.ts'
import { awaitNestedRun, cancelNestedRun, readNestedOutputs, startNestedRun } from './nested/nested-runs.ts'
import type {
  AwaitNestedRunInput,
  CancelNestedRunResult,
  NestedRunIdentity,
  ReadNestedOutputsInput,
  StartNestedRunInput,
  StartNestedRunResult,
} from './nested/types.ts'
import { nextTimeOfDay } from './notify/next-time-of-day.ts'
import type { NextTimeOfDayInput } from './notify/types.ts'
import { ownExecution } from './own-execution.ts'
import { createConnectionReader, profileOf } from './profile-connection.ts'
import { readOutputs } from './read-outputs.ts'
import {
  awaitRunsOver,
  cancelScheduledRun,
  readDueTicks,
  readEarlierKeeper,
  removeSchedule,
  startScheduledRun,
  syncSchedule,
} from './schedules/schedules.ts'
import type {
  DueTicks,
  EarlierKeeper,
  ReadDueTicksInput,
  ReadEarlierKeeperInput,
  StartScheduledRunInput,
  StartScheduledRunResult,
  SyncScheduleInput,
  SyncScheduleResult,
} from './schedules/types.ts'
import { sweep } from './sweep/sweep.ts'
import type { SweepInput } from './sweep/types.ts'
import { triggerJobRun } from './trigger-job-run.ts'
import { triggerQuickly } from './trigger-quickly.ts'
import type {
  AwaitJobRunInput,
  CancelJobRunInput,
  CancelJobRunResult,
  ConfirmJobRunInput,
  CreateJobInput,
  DeleteJobInput,
  FindJobRunsInput,
  JobRunListing,
  LookAtJobRunsInput,
  LookAtJobRunsResult,
  PollJobRunInput,
  PostJobRunInput,
  PostJobRunResult,
  ProfileConnectionInput,
  ReadOutputsInput,
  SendCancelInput,
  SendCancelResult,
  TriggerJobRunInput,
  TriggerJobRunResult,
  TriggerQuicklyInput,
  TriggerQuicklyResult,
} from './types.ts'
import { confirmJobRun } from './unfenced/confirm-job-run.ts'
import { createJob } from './unfenced/create-job.ts'
import { findJobRuns } from './unfenced/find-job-runs.ts'
import { maskJson } from './unfenced/masked.ts'
import { pollJobRun } from './unfenced/poll-job-run.ts'
import { postJobRun } from './unfenced/post-job-run.ts'
import { sendCancel } from './unfenced/send-cancel.ts'
import { decodeEarlierWaiter, decodeWaiter } from './wait-ref.ts'
import type { HoldPresenceInput, WatchFeedInput } from './waits.ts'
import { type Watched, watchAgain, watchFeed } from './watch-feed.ts'

export type { ActivityDependencies } from './dependencies.ts'
export type { NestedRunIdentity, ParentStep } from './nested/types.ts'
export type { PipelineRemains, RemainingRun } from './sweep/types.ts'
export type {
  Connection,
  JobRunListing,
  Kept,
  LookAtJobRunsResult,
  OpenRun,
  PostAnswer,
  ProfileConnectionInput,
  SecretKeeper,
  SendCancelResult,
  StepIdentity,
  TriggerJobRunInput,
  TriggerQuicklyInput,
  TriggerQuicklyResult,
} from './types.ts'
export type { Pollers, WaitRef, Waits, WatchChangesInput } from './waits.ts'

/** The activities of `runPipeline` and `watchChanges`. */
export interface PipelineActivities extends LimitActivities {
  profileConnection(input: ProfileConnectionInput): Promise<ConnectionProfile>
  triggerJobRun(input: TriggerJobRunInput): Promise<TriggerJobRunResult>
  triggerQuickly(input: TriggerQuicklyInput): Promise<TriggerQuicklyResult>
  lookAtJobRuns(input: LookAtJobRunsInput): Promise<LookAtJobRunsResult>
  /** Does nothing: its end begins a workflow task. */
  beginWorkflowTask(): Promise<void>
  /** Whether what the workflow task before the one of this event did may be missing in the history. */
  isTaskLost(input: { beforeEvent: number }): Promise<boolean>
  awaitJobRun(input: AwaitJobRunInput): Promise<JobRunRecord>
  cancelJobRun(input: CancelJobRunInput): Promise<CancelJobRunResult>
  readOutputs(input: ReadOutputsInput): Promise<Json[]>
  watchWaits(input: WatchFeedInput): Promise<void>
  watchFeed(input: WatchFeedInput): Promise<void>
  createJob(input: CreateJobInput): Promise<OwnJob>
  postJobRun(input: PostJobRunInput): Promise<PostJobRunResult>
  findJobRuns(input: FindJobRunsInput): Promise<JobRunListing>
  pollJobRun(input: PollJobRunInput): Promise<JobRunRecord>
  sendCancel(input: SendCancelInput): Promise<SendCancelResult>
  deleteJob(input: DeleteJobInput): Promise<void>
  confirmJobRun(input: ConfirmJobRunInput): Promise<SeenRun>
  sweep(input: SweepInput): Promise<SweepReport>
  holdPresence(input: HoldPresenceInput): Promise<void>
  startNestedRun(input: StartNestedRunInput): Promise<StartNestedRunResult>
  awaitNestedRun(input: AwaitNestedRunInput): Promise<JobRunRecord>
  cancelNestedRun(input: NestedRunIdentity): Promise<CancelNestedRunResult>
  readNestedOutputs(input: ReadNestedOutputsInput): Promise<Json[]>
  advanceBackfill(input: AdvanceBackfillInput): Promise<Advance>
  awaitBackfillRuns(input: BackfillRunsInput): Promise<EndedRun[]>
  cancelBackfillRuns(input: BackfillRunsInput): Promise<void>
  readDueTicks(input: ReadDueTicksInput): Promise<DueTicks>
  awaitRunsOver(input: { runs: string[] }): Promise<string[]>
  startScheduledRun(input: StartScheduledRunInput): Promise<StartScheduledRunResult>
  cancelScheduledRun(input: { runId: string }): Promise<void>
  syncSchedule(input: SyncScheduleInput): Promise<SyncScheduleResult>
  removeSchedule(): Promise<void>
  readEarlierKeeper(input?: ReadEarlierKeeperInput): Promise<EarlierKeeper | null>
  nextTimeOfDay(input: NextTimeOfDayInput): Promise<number>
}

/** Activities over their dependencies; one use case a file, errors of the Jobs API mapped in one place. */
export function createActivities(deps: ActivityDependencies): PipelineActivities {
  const knowledgeOf = createConnectionReader()
  const defects = createDefects()
  const withFailures = <T>(work: () => Promise<T>) => withFailuresOf(work, defects)
  const withApi = (name: string) => {
    const connected = deps.connection(name)
    if (!connected) throw unknownConnection(name)
    return { ...deps, connected, api: connected.api }
  }
  const working = <T>(name: string, work: (connected: ReturnType<typeof withApi>) => Promise<T>) =>
    withFailures(() => alive(deps, () => work(withApi(name))))
  const withRuns = <T>(work: () => Promise<T>) => withFailures(() => alive(deps, work))
  const watching = async (
    input: WatchFeedInput,
    watched: (own: ReturnType<typeof withApi>) => Promise<Watched>,
  ) => {
    try {
      await withFailures(async () => {
        const own = withApi(input.connection)
        return watchFeed(own, input, await watched(own))
      })
    } catch (error) {
      throw watchAgain(error)
    }
  }
  return {
    ...createLimitActivities({ ...deps, knowledgeOf }, withRuns),
    startNestedRun: (input) => withRuns(() => startNestedRun(deps.nestedRuns, input)),
    awaitNestedRun: (input) => withRuns(() => awaitNestedRun(deps.nestedRuns, input)),
    cancelNestedRun: (input) => withRuns(() => cancelNestedRun(deps.nestedRuns, input)),
    readNestedOutputs: (input) => withRuns(() => readNestedOutputs(deps.nestedRuns, input)),
    advanceBackfill: (input) => withRuns(() => advanceBackfill(deps.tickRuns, input)),
    awaitBackfillRuns: (input) => withRuns(() => awaitBackfillRuns(deps.tickRuns, input)),
    cancelBackfillRuns: (input) => withRuns(() => cancelBackfillRuns(deps.tickRuns, input)),
    readDueTicks: (input) => withRuns(() => readDueTicks(deps.schedules, input)),
    awaitRunsOver: (input) => withRuns(() => awaitRunsOver(deps.schedules, input)),
    startScheduledRun: (input) => withRuns(() => startScheduledRun(deps.schedules, input)),
    cancelScheduledRun: (input) => withRuns(() => cancelScheduledRun(deps.schedules, input)),
    syncSchedule: (input) => withRuns(() => syncSchedule(deps.schedules, input)),
    removeSchedule: () => withRuns(() => removeSchedule(deps.schedules)),
    readEarlierKeeper: (input) => withRuns(() => readEarlierKeeper(deps.schedules, input)),
    nextTimeOfDay: async (input) => nextTimeOfDay(input),
    profileConnection: (input) =>
      withFailures(() =>
        alive(deps, async () => {
          const connected = deps.connection(input.connection)
          // Nothing was begun: whoever misspelt it is told at once.
          if (!connected) {
            const { type, message } = unknownConnection(input.connection)
            throw rejected(type ?? '', message)
          }
          return profileOf(await knowledgeOf(input.connection, connected.api), connected, input)
        }),
      ),
    triggerJobRun: (input) => working(input.connection, (own) => triggerJobRun(own, input)),
    triggerQuickly: (input) => triggerQuickly(() => withApi(input.connection), input),
    lookAtJobRuns: (input) => working(input.connection, (own) => lookAtJobRuns(own, input)),
    beginWorkflowTask: () => Promise.resolve(),
    isTaskLost: ({ beforeEvent }) => withRuns(() => deps.executions.isTaskLost(ownExecution(), beforeEvent)),
    awaitJobRun: (input) => withFailures(() => awaitJobRun(withApi(input.connection), input)),
    cancelJobRun: (input) => working(input.connection, (own) => cancelJobRun(own, input)),
    readOutputs: (input) =>
      working(input.connection, async ({ api }) => {
        const values = await readOutputs(api, input, Context.current().cancellationSignal)
        if (!input.secrets?.length) return values
        const secrets = deps.secretKeeper()
        await secrets.learn(input.secrets)
        return maskJson(secrets, values)
      }),
    createJob: (input) => working(input.connection, (own) => createJob(own, input)),
    postJobRun: async (input) => {
      // An attempt that fails may have sent something; this one has not.
      if (!deps.connection(input.connection)) {
        const problem = unknownConnection(input.connection).message
        return { event: { kind: 'not_sent', atMs: 0, retryAfterMs: 0, problem }, leaseMs: leaseMs(0) }
      }
      return working(input.connection, async (own) => ({
        event: await postJobRun(own, input),
        leaseMs: deps.pollers.leaseMs(input.connection),
      }))
    },
    findJobRuns: (input) => working(input.connection, (own) => findJobRuns(own, input)),
    pollJobRun: (input) => withFailures(() => pollJobRun(withApi(input.connection), input)),
    sendCancel: (input) => working(input.connection, (own) => sendCancel(own, input)),
    deleteJob: (input) =>
      working(input.connection, async ({ api }) => {
        await api.deleteJob(input.jobId, { signal: Context.current().cancellationSignal })
      }),
    confirmJobRun: (input) => working(input.connection, (own) => confirmJobRun(own, input)),
    sweep: (input) => withFailures(() => alive(deps, () => sweep({ ...deps, knowledgeOf }, input))),
    holdPresence: (input) => withFailures(() => holdPresence(deps, input)),
    watchWaits: (input) =>
      watching(input, async ({ api }) => {
        const { capabilities } = await knowledgeOf(input.connection, api)
        return { decode: decodeWaiter, prefix: filterOf(capabilities) }
      }),
    watchFeed: (input) => watching(input, async () => ({ decode: decodeEarlierWaiter })),
  }
}

/** Some worker had it when the pipeline run began: one that has it goes on, and what it began is not given up. */
function unknownConnection(name: string): ApplicationFailure {
  return ApplicationFailure.retryable(
    name === 'default'
      ? 'this worker has no default connection; set JOBS_API_URL and JOBS_API_TOKEN, and start it again'
      : `this worker has no connection named ${name}; add it to its jobwright.config.ts, and start it again`,
    'unknown_connection',
  )
}

/** A feed that can be read by reference wakes nobody for what nobody waits for. */
function filterOf(capabilities: Capabilities | undefined): string | undefined {
  return capabilities?.feed_by_client_ref ? waitRefPrefix : undefined
}

/** Heartbeats while `work` goes on, so that a killed worker is noticed in seconds; a local activity has nobody to tell. */
async function alive<T>(deps: ActivityDependencies, work: () => Promise<T>): Promise<T> {
  const context = Context.current()
  if (context.info.isLocal) return work()
  const everyMs = heartbeatEveryMs(deps.heartbeatIntervalMs, context.info.heartbeatTimeoutMs)
  const timer = setInterval(() => context.heartbeat(), everyMs)
  try {
    return await work()
  } finally {
    clearInterval(timer)
  }
}
