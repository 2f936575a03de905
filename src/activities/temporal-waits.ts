import { ApplicationFailure } from '@temporalio/activity'
import { ActivityNotFoundError, type Client, WorkflowNotFoundError } from '@temporalio/client'
import type { CallOptions } from '../client/index.ts'
import { type InstallationNames, signalNames, workflowTypes } from '../contract/names.ts'
import { grpcStatus, grpcStatusOf, shortTaskMs } from '../executions/index.ts'
import type { JobRunRecord } from '../pipeline/plan/index.ts'
import { createGate } from './gate.ts'
import { letGo } from './recover-waits.ts'
import type { ReadCursor, WaitRef, Waits, WatchChangesInput } from './waits.ts'

/** Anybody may write a reference; one that Temporal can make nothing of must not hold up the others. */
function isImpossible(error: unknown): boolean {
  return grpcStatusOf(error) === grpcStatus.invalidArgument
}

/** Each is one event, and more than 100 that come while a workflow task runs fail that task. */
const signalsPerTask = 40

/** A watcher that was terminated, or whose namespace was cleared, is back after this long. */
const ensureAgainMs = 10_000

/** What tells the workflow task that runs from others: when it was started; undefined when none runs, or there is no workflow. */
async function runningTask(client: Client, workflowId: string): Promise<string | undefined> {
  try {
    const { raw } = await client.workflow.getHandle(workflowId).describe()
    const startedTime = raw.pendingWorkflowTask?.startedTime
    return startedTime ? `${String(startedTime.seconds)}.${startedTime.nanos ?? 0}` : undefined
  } catch (error) {
    if (error instanceof WorkflowNotFoundError) return undefined
    throw error
  }
}

/**
 * Completes waits, and keeps the watcher of each connection there, through a Temporal client.
 * The watcher is looked after as long as the process lives: waits of hours hang on it, and nothing else may ask for it meanwhile.
 */
export function createWaits(
  client: Client,
  options: { heartbeatMs: number; names: InstallationNames },
): Waits {
  const ensured = new Map<string, Promise<void>>()
  const running = (workflowId: string) => runningTask(client, workflowId)
  const gate = createGate(running)
  const signals = createGate(running, signalsPerTask)

  async function end(
    { workflowId, activityId }: WaitRef,
    work: (id: { workflowId: string; activityId: string }) => Promise<void>,
    isEvent = true,
  ): Promise<'completed' | 'not_now'> {
    const ended = () => work({ workflowId, activityId })
    try {
      await (isEvent ? gate.pass(workflowId, ended) : ended())
      return 'completed'
    } catch (error) {
      if (error instanceof ActivityNotFoundError || isImpossible(error)) return 'not_now'
      throw error
    }
  }

  /** Starts a watcher unless there is one, and tells where the feed stood before that. */
  async function start(
    connection: string,
    readCursor: ReadCursor,
    { since, options: calls }: { since?: string; options?: CallOptions | undefined },
  ): Promise<string> {
    const cursor = await readCursor(calls)
    const input: WatchChangesInput = {
      connection,
      activity: 'watchWaits',
      cursor: since ?? cursor,
      heartbeatMs: options.heartbeatMs,
    }
    await client.workflow.start(workflowTypes.watchChanges, {
      workflowId: options.names.waitsWatcherId(connection),
      taskQueue: options.names.taskQueues.pipelines,
      workflowIdConflictPolicy: 'USE_EXISTING',
      workflowTaskTimeout: shortTaskMs,
      args: [input],
    })
    return cursor
  }

  async function keep(connection: string, readCursor: ReadCursor, first?: CallOptions): Promise<void> {
    // The last watcher was there when the feed stood here: what it may have missed comes after.
    let since = await start(connection, readCursor, { options: first })
    const timer = setInterval(() => {
      start(connection, readCursor, { since }).then(
        (cursor) => {
          since = cursor
        },
        // Temporal or the API is away: the next look comes soon.
        () => {},
      )
    }, ensureAgainMs)
    timer.unref()
  }

  return {
    complete: (ref, record) => end(ref, (id) => client.activity.complete(id, record)),
    lookAgain(ref, reason) {
      // Another attempt is no event, and the workflow is not told of it.
      const isFinal = !(reason instanceof ApplicationFailure) || reason.nonRetryable === true
      return end(ref, (id) => client.activity.fail(id, reason), isFinal)
    },
    async tell(workflowId, ended) {
      const signal = () =>
        client.workflow
          .getHandle(workflowId)
          .signal<[readonly JobRunRecord[]]>(signalNames.jobRunsEnded, ended)
      try {
        await signals.pass(workflowId, signal)
      } catch (error) {
        // Nobody is there, or nobody that takes it: the lease covers that.
        if (!(error instanceof WorkflowNotFoundError || isImpossible(error))) throw error
      }
    },
    letGo: (workflowId) => letGo(client, workflowId),
    ensureWatcher(connection, readCursor, first) {
      const known = ensured.get(connection)
      if (known) return known
      const attempt = keep(connection, readCursor, first)
      ensured.set(connection, attempt)
      attempt.catch(() => ensured.delete(connection))
      return attempt
    },
  }
}
