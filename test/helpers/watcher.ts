import { installationNames, workflowTypes } from '../../src/contract/names.ts'
import type { TestStack } from './stack.ts'

/**
 * Puts a watcher in the place of the stack's that no worker polls for: no wait is ended by the feed until it is removed.
 * The old one hears of it by its next heartbeat, within two seconds.
 */
export async function silenceWatcher(on: TestStack): Promise<() => Promise<void>> {
  const workflowId = installationNames().waitsWatcherId('default')
  await on.client.workflow.start(workflowTypes.watchChanges, {
    workflowId,
    taskQueue: 'nobody',
    workflowIdConflictPolicy: 'TERMINATE_EXISTING',
    args: [],
  })
  return () =>
    on.client.workflow
      .getHandle(workflowId)
      .terminate('test')
      .then(() => undefined)
}
