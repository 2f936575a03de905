import { ApplicationFailure } from '@temporalio/activity'
import { ActivityNotFoundError, type Client, WorkflowNotFoundError } from '@temporalio/client'
import { type InstallationNames, workflowTypes } from '../contract/names.ts'
import { grpcStatus, grpcStatusOf, isOpen, shortTaskMs } from '../executions/index.ts'
import { createGate } from './gate.ts'
import type { PendingWork, WaitRef, Waits, WatchChangesInput } from './types.ts'

/** Anybody may write a reference; one that Temporal can make nothing of must not hold up the others. */
function isImpossible(error: unknown): boolean {
  return grpcStatusOf(error) === grpcStatus.invalidArgument
}

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

/** `PENDING_ACTIVITY_STATE_SCHEDULED` of Temporal's API. */
const scheduledState = 1

async function pendingOf(client: Client, workflowId: string): Promise<PendingWork | undefined> {
  try {
    const { status, raw } = await client.workflow.getHandle(workflowId).describe()
    if (!isOpen(status)) return undefined
    const started = new Set<string>()
    const scheduled = new Set<string>()
    for (const { activityId, state } of raw.pendingActivities ?? [])
      if (activityId) (state === scheduledState ? scheduled : started).add(activityId)
    return { started, scheduled, isDeciding: Boolean(raw.pendingWorkflowTask) }
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
  options: { heartbeatMs: number; names: InstallationNames; taskQueue?: string },
): Waits {
  const ensured = new Map<string, Promise<void>>()
  const gate = createGate((workflowId) => runningTask(client, workflowId))

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
    readCursor: () => Promise<string>,
    since?: string,
  ): Promise<string> {
    const cursor = await readCursor()
    const input: WatchChangesInput = {
      connection,
      cursor: since ?? cursor,
      heartbeatMs: options.heartbeatMs,
    }
    await client.workflow.start(workflowTypes.watchChanges, {
      workflowId: options.names.watcherWorkflowId(connection),
      taskQueue: options.taskQueue ?? options.names.taskQueues.pipelines,
      workflowIdConflictPolicy: 'USE_EXISTING',
      workflowTaskTimeout: shortTaskMs,
      args: [input],
    })
    return cursor
  }

  async function keep(connection: string, readCursor: () => Promise<string>): Promise<void> {
    // The last watcher was there when the feed stood here: what it may have missed comes after.
    let since = await start(connection, readCursor)
    const timer = setInterval(() => {
      start(connection, readCursor, since).then(
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
    pendingOf: (workflowId) => pendingOf(client, workflowId),
    ensureWatcher(connection, readCursor) {
      const known = ensured.get(connection)
      if (known) return known
      const attempt = keep(connection, readCursor)
      ensured.set(connection, attempt)
      attempt.catch(() => ensured.delete(connection))
      return attempt
    },
  }
}
