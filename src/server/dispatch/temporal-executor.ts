import {
  ActivityExecutionAlreadyStartedError,
  type ActivityExecutionDescription,
  ActivityNotFoundError,
  type Client,
  isGrpcServiceError,
  ServiceError,
  TimeoutFailure,
} from '@temporalio/client'
import { causesOf, rootMessageOf } from '../../base/causes.ts'
import { attemptSlackMs, type ExecuteJobRunInput } from '../../contract/index.ts'
import { activityTypes, installationNames } from '../../contract/names.ts'
import type { ExecutionState, RunExecutor } from '../ports/index.ts'

const withoutTimeoutMs = 365 * 24 * 60 * 60_000
/** gRPC FAILED_PRECONDITION: the activity is closed already. */
const failedPrecondition = 9

export interface RunExecutorOptions {
  /** A worker that is not heard of for this long counts as lost. */
  heartbeatMs: number
  /** The name of the installation. @default 'default' */
  installation?: string | undefined
  /** Of the server's database: a worker of another one gives the run back. */
  installationId?: string
}

/** Executes job runs as standalone activities: the activity id is the job run's uuid, duplicates rejected. */
export function createRunExecutor(client: Client, options: RunExecutorOptions): RunExecutor {
  const { taskQueues } = installationNames(options.installation)
  return {
    async start(run) {
      const input: ExecuteJobRunInput = {
        job_run_id: run.jobRunId,
        job_type: run.jobType,
        ...(options.installationId === undefined ? {} : { installation_id: options.installationId }),
      }
      const { timeoutMs, queueTimeoutMs, taskQueue } = run.execution
      try {
        await client.activity.start(activityTypes.executeJobRun, {
          id: run.jobRunId,
          taskQueue: taskQueue === null ? taskQueues.jobRuns : taskQueues.ofJobType(taskQueue),
          args: [input],
          idReusePolicy: 'REJECT_DUPLICATE',
          // The worker sees to the time of an attempt. Temporal would begin another one after it.
          startToCloseTimeout: timeoutMs === null ? withoutTimeoutMs : timeoutMs + attemptSlackMs,
          ...(queueTimeoutMs === null ? {} : { scheduleToStartTimeout: queueTimeoutMs }),
          heartbeatTimeout: options.heartbeatMs,
          retry: { initialInterval: 1_000, backoffCoefficient: 2, maximumInterval: 60_000 },
          summary: run.jobType,
        })
        return 'started'
      } catch (error) {
        if (error instanceof ActivityExecutionAlreadyStartedError) return 'already_started'
        throw error
      }
    },
    async requestCancel(jobRunId) {
      try {
        await client.activity.getHandle(jobRunId).cancel('cancelled through the Jobs API')
        return 'requested'
      } catch (error) {
        if (error instanceof ActivityNotFoundError) return 'not_found'
        if (isClosed(error)) return 'closed'
        throw error
      }
    },
    async describe(jobRunId) {
      try {
        return await toState(await client.activity.getHandle(jobRunId).describe({ includeOutcome: true }))
      } catch (error) {
        if (error instanceof ActivityNotFoundError) return { state: 'not_found' }
        throw error
      }
    },
  }
}

function isClosed(error: unknown): boolean {
  const cause = error instanceof ServiceError ? error.cause : error
  return isGrpcServiceError(cause) && cause.code === failedPrecondition
}

async function toState(description: ActivityExecutionDescription): Promise<ExecutionState> {
  switch (description.status) {
    case 'COMPLETED':
      return { state: 'completed', status: statusIn(await description.getResult()) }
    case 'CANCELED':
      return closed('cancelled', 'cancelled', 'the run was cancelled')
    case 'TERMINATED':
      return closed('failed', 'terminated', 'the run was terminated in Temporal')
    case 'TIMED_OUT':
      return isQueueTimeout(await description.getOutcomeFailure())
        ? closed('failed', 'queue_timeout', 'no worker had room for the run in time')
        : closed('failed', 'timeout', 'the run did not end in time, or its worker was lost')
    case 'FAILED': {
      const failure = await description.getOutcomeFailure()
      return closed(
        'failed',
        'execution_failed',
        failure ? rootMessageOf(failure) : 'the run failed in Temporal',
      )
    }
    default:
      return { state: 'active' }
  }
}

function isQueueTimeout(failure: Error | undefined): boolean {
  return causesOf(failure).some(
    (cause) => cause instanceof TimeoutFailure && cause.timeoutType === 'SCHEDULE_TO_START',
  )
}

function statusIn(result: unknown): string | null {
  return result !== null && typeof result === 'object' && 'status' in result ? String(result.status) : null
}

function closed(status: 'failed' | 'cancelled', code: string, message: string): ExecutionState {
  return { state: 'closed', status, error: { code, message } }
}
