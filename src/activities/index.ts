import { Context } from '@temporalio/activity'
import { heartbeatEveryMs } from '../base/heartbeat.ts'
import type { Json } from '../base/json.ts'
import type { ConnectionProfile, JobRunRecord } from '../pipeline/plan/index.ts'
import { awaitJobRun } from './await-job-run.ts'
import { cancelJobRun } from './cancel-job-run.ts'
import { createDefects, rejected, withFailures as withFailuresOf } from './failures.ts'
import { createConnectionReader, profileOf } from './profile-connection.ts'
import { readOutputs } from './read-outputs.ts'
import { triggerJobRun } from './trigger-job-run.ts'
import type {
  ActivityDependencies,
  AwaitJobRunInput,
  CancelJobRunInput,
  CancelJobRunResult,
  ProfileConnectionInput,
  ReadOutputsInput,
  TriggerJobRunInput,
  TriggerJobRunResult,
  WatchFeedInput,
} from './types.ts'
import { watchAgain, watchFeed } from './watch-feed.ts'

export type {
  ActivityDependencies,
  ProfileConnectionInput,
  WaitRef,
  Waits,
  WatchChangesInput,
} from './types.ts'

/** The activities of `runPipeline` and `watchChanges`. */
export interface PipelineActivities {
  profileConnection(input: ProfileConnectionInput): Promise<ConnectionProfile>
  triggerJobRun(input: TriggerJobRunInput): Promise<TriggerJobRunResult>
  awaitJobRun(input: AwaitJobRunInput): Promise<JobRunRecord>
  cancelJobRun(input: CancelJobRunInput): Promise<CancelJobRunResult>
  readOutputs(input: ReadOutputsInput): Promise<Json[]>
  watchFeed(input: WatchFeedInput): Promise<void>
}

/** Activities over their dependencies; one use case a file, errors of the Jobs API mapped in one place. */
export function createActivities(deps: ActivityDependencies): PipelineActivities {
  const knowledgeOf = createConnectionReader()
  const defects = createDefects()
  const withFailures = <T>(work: () => Promise<T>) => withFailuresOf(work, defects)
  const withApi = (name: string) => {
    const api = deps.connection(name)
    if (!api)
      throw rejected(
        'unknown_connection',
        `this worker has no connection named ${name}; set JOBS_API_URL, or add it to jobwright.config.ts`,
      )
    return { ...deps, api }
  }
  return {
    profileConnection: (input) =>
      withFailures(() =>
        alive(deps, async () => {
          const { api } = withApi(input.connection)
          return profileOf(await knowledgeOf(input.connection, api), input)
        }),
      ),
    triggerJobRun: (input) =>
      withFailures(() => alive(deps, () => triggerJobRun(withApi(input.connection), input))),
    awaitJobRun: (input) => withFailures(() => awaitJobRun(withApi(input.connection), input)),
    cancelJobRun: (input) =>
      withFailures(() => alive(deps, () => cancelJobRun(withApi(input.connection), input))),
    readOutputs: (input) =>
      withFailures(() =>
        alive(deps, () =>
          readOutputs(withApi(input.connection).api, input, Context.current().cancellationSignal),
        ),
      ),
    async watchFeed(input) {
      try {
        await withFailures(async () => watchFeed(withApi(input.connection), input))
      } catch (error) {
        throw watchAgain(error)
      }
    },
  }
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
