import { ApplicationFailure } from '@temporalio/activity'
import { expect, it } from 'vitest'
import { type ActivityDependencies, createActivities } from '../../src/activities/index.ts'
import { inActivity } from '../helpers/in-activity.ts'

/** A worker that lacks a connection which another one has, as while a new configuration is rolled out. */

const activities = createActivities({
  connection: () => undefined,
  heartbeatIntervalMs: 60_000,
} as unknown as ActivityDependencies)
const connection = 'elsewhere'
const of = { connection, jobRunId: 'r', secrets: [], createdAt: '' }
const job = { jobId: 'j', isOwn: true, madeAtMs: 0, creator: '', before: null, isMarked: false }
const failureOf = (work: () => Promise<unknown>) =>
  inActivity(() => work().then(() => undefined)).catch((error: unknown) => error)

it.each([
  ['a wait', () => activities.pollJobRun(of)],
  ['a cancel', () => activities.sendCancel(of)],
  ['a look', () => activities.findJobRuns({ connection, job, config: null, forMs: 0 })],
])('%s is left to a worker that has it', async (_, work) => {
  const failure = await failureOf(work)
  expect(failure).toBeInstanceOf(ApplicationFailure)
  expect(failure).toMatchObject({ type: 'unknown_connection', nonRetryable: false })
})

it('a POST is known not to have been sent', async () => {
  const { event } = await inActivity(() =>
    activities.postJobRun({ connection, job, config: null, sendingMs: 1_000 }),
  )
  expect(event).toMatchObject({ kind: 'not_sent', problem: expect.stringContaining('elsewhere') })
})

it('a pipeline run that nothing was begun of is refused at once', async () => {
  const failure = await failureOf(() => activities.profileConnection({ connection }))
  expect(failure).toMatchObject({ type: 'unknown_connection', nonRetryable: true })
})
