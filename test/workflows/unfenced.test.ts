import { CompleteAsyncError, Context } from '@temporalio/activity'
import { DefaultLogger, NativeConnection, Runtime, Worker } from '@temporalio/worker'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import type { ActivityDependencies } from '../../src/activities/dependencies.ts'
import { createActivities, type JobRunListing, type PipelineActivities } from '../../src/activities/index.ts'
import { createLimits } from '../../src/activities/limits/temporal-limits.ts'
import { createNestedRuns } from '../../src/activities/nested/temporal-nested-runs.ts'
import { installationNames } from '../../src/contract/names.ts'
import { PipelinesClient } from '../../src/pipelines/index.ts'
import type { OwnJob, SeenRun } from '../../src/protocol/index.ts'
import { dataConverter } from '../../src/temporal/index.ts'
import { planOf, planStep } from '../helpers/plans.ts'
import { patientQueryMs, startTestStack, type TestStack } from '../helpers/stack.ts'
import { until } from '../helpers/until.ts'
import { workflowBundle } from '../helpers/workflow-bundle.ts'
import { recordOf } from './scripted.ts'

/** The workflow's side of servers without idempotency keys, on a real Temporal: what comes together there, and what overlaps. */

const taskQueue = 'unfenced'
let stack: TestStack
let connection: NativeConnection
let bundle: { codePath: string }
let pipelines: PipelinesClient

beforeAll(async () => {
  const logger = new DefaultLogger('ERROR')
  Runtime.install({ logger })
  stack = await startTestStack({ parts: ['temporal'] })
  connection = await NativeConnection.connect({ address: stack.temporalAddress })
  bundle = { codePath: await workflowBundle() }
  const timing = { waitLeaseMs: 60_000, stepHeartbeatMs: 60_000, queryTimeoutMs: patientQueryMs }
  pipelines = new PipelinesClient(stack.client, { taskQueue, timing })
})
afterAll(async () => {
  await connection?.close()
  await stack?.stop()
})

const job: OwnJob = { jobId: 'j', isOwn: true, madeAtMs: 0, creator: 'us', before: null, isMarked: false }

/** Works until `work` is over. */
async function withWorker<T>(activities: Partial<PipelineActivities>, work: () => Promise<T>): Promise<T> {
  const worker = await Worker.create({
    connection,
    dataConverter,
    taskQueue,
    workflowBundle: bundle,
    activities: {
      profileConnection: async () => ({ mode: 'strict', valueReferences: true }),
      ...activities,
    } satisfies Partial<PipelineActivities>,
    shutdownGraceTime: 0,
    shutdownForceTime: 1_000,
  })
  return worker.runUntil(work())
}

describe('a trigger', () => {
  it('is not sent when a cancel comes together with what it waited for', async () => {
    let createdBy: { workflowId: string; activityId: string } | undefined
    const id = await withWorker(
      {
        async createJob() {
          const { workflowExecution, activityId } = Context.current().info
          createdBy = { workflowId: workflowExecution?.workflowId ?? '', activityId }
          throw new CompleteAsyncError()
        },
      },
      async () => {
        const started = await pipelines.start(planOf([planStep('a')]), {})
        await until('the job to be made', async () => createdBy !== undefined)
        return started.id
      },
    )
    if (!createdBy) throw new Error('no job was made')
    // Nobody works, so both are in the next workflow task.
    await stack.client.activity.complete(createdBy, job)
    const handle = stack.client.workflow.getHandle(id)
    await handle.cancel()
    let posts = 0
    await withWorker(
      {
        async postJobRun() {
          posts += 1
          return { event: { kind: 'not_sent', atMs: 0, retryAfterMs: 60_000, problem: '' }, leaseMs: 60_000 }
        },
      },
      () => handle.result().catch(() => undefined),
    )
    expect(posts).toBe(0)
    expect((await handle.describe()).status.name).toBe('CANCELLED')
  })

  it('does not take the run of another step that uses the same job with the same config', async () => {
    const shared: OwnJob = { ...job, isOwn: false, creator: '', isMarked: true }
    const run: SeenRun = {
      jobRunId: 'run-of-b',
      jobId: 'j',
      status: 'running',
      createdAt: '2026-01-01T00:00:00',
      createdBy: 'us',
      sameConfig: true,
    }
    const isOfA = () => Context.current().info.activityId.startsWith('a/')
    const seen = { isPostedByA: false, isPostedByB: false, isAnswered: false, isLooked: false }
    const waitingFor = (what: keyof typeof seen) => until(what, async () => seen[what])
    const target = { kind: 'job_id', jobId: { kind: 'literal', value: 'j' } } as const
    await withWorker(
      {
        async createJob() {
          // Only then a has a trigger that may be any run.
          if (!isOfA()) await waitingFor('isPostedByA')
          return shared
        },
        async postJobRun({ job: asked }) {
          const leaseMs = 60_000
          if (isOfA()) {
            seen.isPostedByA = true
            return { event: { kind: 'unknown', atMs: 0, before: null }, leaseMs }
          }
          expect(asked.isMarked).toBe(false)
          seen.isPostedByB = true
          // The run is there, and its answer takes until the other step has looked.
          await waitingFor('isLooked')
          seen.isAnswered = true
          return { event: { kind: 'posted', run }, leaseMs }
        },
        async findJobRuns({ forMs }) {
          if (forMs === null) await Context.current().cancelled
          await waitingFor('isPostedByB')
          seen.isLooked = true
          return { runs: [run], isComplete: true, isSettled: true }
        },
        pollJobRun: async ({ jobRunId }) =>
          recordOf({ step: 'b', item: 0, generation: 1 }, 'completed', { jobRunId }),
      },
      async () => {
        const plan = planOf([planStep('a', { target }), planStep('b', { target })])
        const { id } = await pipelines.start(plan, {})
        const view = await until('step a to ask a person, and b to be done', async () => {
          const shown = await pipelines.show(id)
          const [a, b] = shown.steps
          return a?.status === 'trigger_unknown' && b?.status === 'completed' && shown
        })
        expect(view.steps.map(({ job_run_id }) => job_run_id ?? null)).toEqual([null, 'run-of-b'])
        await stack.client.workflow.getHandle(id).terminate()
      },
    )
  })
})

describe('a pipeline run that is held', () => {
  it('holds the pipeline run that it is a step of, until a person has decided there', async () => {
    const inner = planOf([planStep('a', { target: { kind: 'job_type', jobType: 'x' } })], { name: 'inner' })
    const middle = planOf([planStep('m', { target: { kind: 'pipeline', pipeline: inner } })])
    const plan = planOf([
      planStep('o', { target: { kind: 'pipeline', pipeline: middle }, timeoutMs: 20_000 }),
    ])
    const seen: JobRunListing = { runs: [], isComplete: true, isSettled: true }
    const nested = createActivities({
      nestedRuns: createNestedRuns(stack.client),
      limits: createLimits(stack.client, installationNames()),
      sweep: 'off',
      heartbeatIntervalMs: 1_000,
    } as Partial<ActivityDependencies> as ActivityDependencies)
    await withWorker(
      {
        ...nested,
        profileConnection: async () => ({ mode: 'strict', valueReferences: true }),
        createJob: async () => job,
        postJobRun: async () => ({ event: { kind: 'unknown', atMs: 0, before: null }, leaseMs: 60_000 }),
        async findJobRuns({ forMs }) {
          if (forMs === null) await Context.current().cancelled
          return seen
        },
        deleteJob: async () => undefined,
      },
      async () => {
        const { id } = await pipelines.start(plan, {})
        const held = await until('the outermost run to be held', async () => {
          const view = await pipelines.show(id)
          return view.status === 'held' && view
        })
        const child = `${id}.o.1.m.1`
        expect(held.steps[0]).toMatchObject({
          status: 'held',
          trouble: expect.stringContaining(`${id}.o.1 is held`),
        })
        await expect(pipelines.fail(id, { step: 'o' })).rejects.toMatchObject({
          code: 'nested_run',
          fault: 'refused',
        })
        await pipelines.fail(child, { step: 'a' })
        await stack.client.workflow
          .getHandle(id)
          .result()
          .catch(() => undefined)
        const view = await pipelines.show(id)
        expect(view.steps[0]).toMatchObject({ status: 'failed', error: { code: 'pipeline_failed' } })
        expect(view.steps[0]?.error?.message).toContain(`step m failed: pipeline run ${child}: step a failed`)
      },
    )
  })
})
