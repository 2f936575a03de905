import { Context } from '@temporalio/activity'
import { heartbeatEveryMs } from '../base/heartbeat.ts'
import type { Json } from '../base/json.ts'
import type { RunRecord } from '../pipeline/plan/index.ts'
import { awaitRun } from './await-run.ts'
import { cancelRun } from './cancel-run.ts'
import { createCapabilityReader } from './capabilities.ts'
import { rejected, withFailures } from './failures.ts'
import { readOutputs } from './read-outputs.ts'
import { runStep } from './run-step.ts'
import type {
  ActivityDependencies,
  AwaitRunInput,
  CancelRunInput,
  CancelRunResult,
  ReadOutputsInput,
  RunStepInput,
  RunStepResult,
  WatchFeedInput,
} from './types.ts'
import { watchAgain, watchFeed } from './watch-feed.ts'

export type { ActivityDependencies, WaitRef, Waits, WatchChangesInput } from './types.ts'

/** The activities of `runPipeline` and `watchChanges`. */
export interface PipelineActivities {
  runStep(input: RunStepInput): Promise<RunStepResult>
  awaitRun(input: AwaitRunInput): Promise<RunRecord>
  cancelRun(input: CancelRunInput): Promise<CancelRunResult>
  readOutputs(input: ReadOutputsInput): Promise<Json[]>
  watchFeed(input: WatchFeedInput): Promise<void>
}

/** Activities over their dependencies; one use case a file, errors of the Jobs API mapped in one place. */
export function createActivities(deps: ActivityDependencies): PipelineActivities {
  const readCapabilities = createCapabilityReader()
  const withApi = (name: string) => {
    const api = deps.connection(name)
    if (!api)
      throw rejected(
        'unknown_connection',
        `this worker has no connection named ${name}; set JOBS_API_URL, or add it to jobwright.config.ts`,
      )
    return { ...deps, api, capabilities: () => readCapabilities(name, api) }
  }
  return {
    runStep: (input) => withFailures(() => alive(deps, () => runStep(withApi(input.connection), input))),
    awaitRun: (input) => withFailures(() => awaitRun(withApi(input.connection), input)),
    cancelRun: (input) => withFailures(() => alive(deps, () => cancelRun(withApi(input.connection), input))),
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

/** Heartbeats while `work` goes on, so that a killed worker is noticed in seconds. */
async function alive<T>(deps: ActivityDependencies, work: () => Promise<T>): Promise<T> {
  const context = Context.current()
  const everyMs = heartbeatEveryMs(deps.heartbeatIntervalMs, context.info.heartbeatTimeoutMs)
  const timer = setInterval(() => context.heartbeat(), everyMs)
  try {
    return await work()
  } finally {
    clearInterval(timer)
  }
}
