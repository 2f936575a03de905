import { expect, test } from 'vitest'
import type { PendingWork, WaitRef } from '../../src/activities/types.ts'
import { watchFeed } from '../../src/activities/watch-feed.ts'
import { JobsClient } from '../../src/client/index.ts'
import { encodePipelineRef } from '../../src/contract/index.ts'
import { json, runBody, startFaultServer } from '../client/fault-server.ts'
import { inActivity } from '../helpers/in-activity.ts'
import { until } from '../helpers/until.ts'

/** A feed with the ends of runs whose triggers told nobody; then nothing more. */
async function watched(pending: (PendingWork | undefined)[]) {
  const ended = (activityId: string, index: number) => ({
    cursor: `c${index}`,
    status: 'completed',
    at: runBody.created_at,
    job_run: {
      ...runBody,
      status: 'completed',
      client_ref: encodePipelineRef({ namespace: 'default', workflowId: 'pipeline', activityId }),
    },
  })
  const changes = ['lost/-/1', 'short/-/1', 'later/-/1'].map(ended)
  await using server = await startFaultServer((response, request, nth) => {
    const isFirst = !request.url.includes('after=c2')
    const body = { changes: isFirst ? changes : [], cursor: 'c2' }
    setTimeout(() => json(200, body)(response, request, nth), isFirst ? 0 : 100)
  })
  const completed: WaitRef[] = []
  const questions: string[] = []
  const heartbeats: unknown[] = []
  const deps = {
    namespace: 'default',
    heartbeatIntervalMs: 60_000,
    api: new JobsClient({ baseUrl: server.baseUrl, token: 't' }),
    waits: {
      complete: async (ref: WaitRef) => {
        completed.push(ref)
        return 'completed' as const
      },
      lookAgain: async () => 'completed' as const,
      ensureWatcher: async () => undefined,
      pendingOf: async (workflowId: string) => {
        questions.push(workflowId)
        return pending[Math.min(questions.length, pending.length) - 1]
      },
    },
  }
  await inActivity(
    async (cancel) => {
      const watching = watchFeed(deps, { connection: 'default', cursor: 'c' })
      await until('it to have asked, and to be past the changes', () => {
        const last = heartbeats.at(-1) as { cursor?: string } | undefined
        return questions.length >= pending.length && last?.cursor === 'c2'
      })
      cancel({ cancelRequested: true })
      await watching.catch(() => undefined)
    },
    (details) => void heartbeats.push(details),
  )
  return { completed: completed.map(({ activityId }) => activityId), questions, heartbeats }
}

const none: PendingWork = { started: new Set(), scheduled: new Set(), isDeciding: false }

test('a wait that its worker took and never registered is completed all the same', async () => {
  const first = { ...none, started: new Set(['lost/-/1/wait', 'later/-/1']) }
  const second = { ...none, started: new Set(['later/-/1/wait']) }
  const { completed, questions, heartbeats } = await watched([first, second])
  expect(completed).toEqual(['lost/-/1/wait', 'later/-/1/wait'])
  // One question for each pipeline run and look, whatever it has under way.
  expect(questions).toEqual(['pipeline', 'pipeline'])
  // Whoever takes over meanwhile reads the change again that something may still follow from.
  expect(heartbeats).toContainEqual({ cursor: 'c1' })
})

test('of a pipeline run that is over nothing is completed', async () => {
  const { completed } = await watched([undefined])
  expect(completed).toEqual([])
})
