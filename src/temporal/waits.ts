import { ActivityNotFoundError, type Client } from '@temporalio/client'
import type { Waits } from '../activities/index.ts'
import type { WatchChangesInput } from '../workflows/messages.ts'
import { taskQueues, watcherWorkflowId, workflowTypes } from './names.ts'

/** A watcher that a person terminated is back after this long. */
const ensureAgainMs = 30_000

/** Completes waits, and keeps the watcher of each connection there, through a Temporal client. */
export function createWaits(client: Client, options: { heartbeatMs: number; taskQueue?: string }): Waits {
  const ensured = new Map<string, Promise<number>>()

  async function start(connection: string, readCursor: () => Promise<string>): Promise<number> {
    const input: WatchChangesInput = {
      connection,
      cursor: await readCursor(),
      heartbeatMs: options.heartbeatMs,
    }
    await client.workflow.start(workflowTypes.watchChanges, {
      workflowId: watcherWorkflowId(connection),
      taskQueue: options.taskQueue ?? taskQueues.pipelines,
      workflowIdConflictPolicy: 'USE_EXISTING',
      args: [input],
    })
    return Date.now()
  }

  return {
    async complete(ref, record) {
      try {
        await client.activity.complete({ workflowId: ref.workflowId, activityId: ref.activityId }, record)
        return 'completed'
      } catch (error) {
        if (error instanceof ActivityNotFoundError) return 'not_now'
        throw error
      }
    },
    async ensureWatcher(connection, readCursor) {
      const known = await ensured.get(connection)?.catch(() => undefined)
      if (known !== undefined && Date.now() - known < ensureAgainMs) return
      const attempt = start(connection, readCursor)
      ensured.set(connection, attempt)
      await attempt
    },
  }
}
