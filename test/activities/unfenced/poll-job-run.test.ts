import { CompleteAsyncError } from '@temporalio/activity'
import { expect, it } from 'vitest'
import type { ConnectedDependencies } from '../../../src/activities/dependencies.ts'
import { pollJobRun } from '../../../src/activities/unfenced/poll-job-run.ts'
import type { KeptWait } from '../../../src/activities/waits.ts'
import { createSecretKeeper } from '../../../src/worker/secret-keeper.ts'
import { runBody } from '../../client/fault-server.ts'
import { inActivity } from '../../helpers/in-activity.ts'

it('every attempt of a wait registers anew: the worker of the one before may be lost', async () => {
  const registered: KeptWait[] = []
  const deps = {
    namespace: 'default',
    secretKeeper: () => createSecretKeeper({}),
    pollers: {
      of: () => ({ lastSeen: () => undefined }),
      register: async (_: string, wait: KeptWait) => void registered.push(wait),
    },
  } as unknown as ConnectedDependencies
  const input = { connection: 'default', jobRunId: runBody.uuid, createdAt: '', secrets: [] }
  for (const attempt of [1, 2]) {
    const info = { attempt, activityId: 'wait', workflowExecution: { workflowId: 'w', runId: 'r' } }
    const waiting = inActivity(() => pollJobRun(deps, input), undefined, info)
    await expect(waiting).rejects.toBeInstanceOf(CompleteAsyncError)
  }
  const ref = { namespace: 'default', workflowId: 'w', activityId: 'wait' }
  expect(registered).toMatchObject([
    { ref, jobRunId: runBody.uuid },
    { ref, jobRunId: runBody.uuid },
  ])
})
