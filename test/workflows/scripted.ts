import { Context } from '@temporalio/activity'
import { DefaultLogger, NativeConnection, Runtime, Worker } from '@temporalio/worker'
import { createTickRuns } from '../../src/activities/backfill/temporal-tick-runs.ts'
import type { ActivityDependencies } from '../../src/activities/dependencies.ts'
import { createActivities, type OpenRun, type PipelineActivities } from '../../src/activities/index.ts'
import { createLimits } from '../../src/activities/limits/temporal-limits.ts'
import { createNestedRuns } from '../../src/activities/nested/temporal-nested-runs.ts'
import { createSchedules } from '../../src/activities/schedules/temporal-schedules.ts'
import type { CancelJobRunInput, TriggerJobRunInput } from '../../src/activities/types.ts'
import type { Json } from '../../src/base/json.ts'
import { installationNames, signalNames } from '../../src/contract/names.ts'
import { compilePipeline, type JobRunRecord, type PipelinePlan } from '../../src/pipeline/index.ts'
import { PipelinesClient } from '../../src/pipelines/index.ts'
import { dataConverter, packing } from '../../src/temporal/index.ts'
import type { PipelineTiming } from '../../src/workflows/messages.ts'
import { patientQueryMs, startTestStack, type TestStack } from '../helpers/stack.ts'
import { workflowBundle } from '../helpers/workflow-bundle.ts'

/** A real Temporal server and worker, and a Jobs API that does as a test says: for ends that a real one reaches rarely. */
export interface ScriptedApi {
  /** What becomes of a trigger; by default its run completes at once. May throw what an activity throws. */
  trigger(input: TriggerJobRunInput): Promise<Awaited<ReturnType<PipelineActivities['triggerJobRun']>>>
  /** What the local activity answers; without it, that it is late where `trigger` says anything. */
  quickly(input: TriggerJobRunInput): ReturnType<PipelineActivities['triggerQuickly']>
  /** The end of an open run, which a signal then brings. */
  wait(jobRunId: string): Promise<JobRunRecord>
  /** What a look finds after the lease. */
  look(runs: OpenRun[]): ReturnType<PipelineActivities['lookAtJobRuns']>
  cancel(input: CancelJobRunInput): Promise<JobRunRecord | null>
  read(outputs: { jobRunId: string; name: string }[]): Promise<Json[]>
  /** Around the start of a nested pipeline run. */
  nested(start: NestedStart): ReturnType<NestedStart>
  /** Around an attempt of a backfill to go on. */
  advance(go: AdvanceBackfill): ReturnType<AdvanceBackfill>
}

type NestedStart = () => ReturnType<PipelineActivities['startNestedRun']>
type AdvanceBackfill = (places?: number) => ReturnType<PipelineActivities['advanceBackfill']>
type ScriptedActivity =
  | 'profileConnection'
  | 'triggerQuickly'
  | 'triggerJobRun'
  | 'lookAtJobRuns'
  | 'beginWorkflowTask'
  | 'isTaskLost'
  | 'cancelJobRun'
  | 'readOutputs'
  | TemporalActivity
type TemporalActivity =
  | 'startNestedRun'
  | 'awaitNestedRun'
  | 'cancelNestedRun'
  | 'readNestedOutputs'
  | 'advanceBackfill'
  | 'awaitBackfillRuns'
  | 'cancelBackfillRuns'
  | 'askForPlace'
  | 'lookForGone'
  | 'readDueTicks'
  | 'awaitRunsOver'
  | 'startScheduledRun'
  | 'cancelScheduledRun'
  | 'syncSchedule'
  | 'removeSchedule'
  | 'readEarlierKeeper'

/** Those about nested pipeline runs, limits, schedules and backfills need Temporal only. */
function temporalActivities(stack: TestStack): Pick<PipelineActivities, TemporalActivity> {
  const client = packing(stack.client)
  const deps: Partial<ActivityDependencies> = {
    nestedRuns: createNestedRuns(client),
    schedules: createSchedules(client),
    limits: createLimits(client, installationNames()),
    sweep: 'off',
    tickRuns: createTickRuns(client, installationNames(), createSchedules(client)),
    heartbeatIntervalMs: 1_000,
  }
  return createActivities(deps as ActivityDependencies)
}

export interface Scripted {
  readonly stack: TestStack
  /** Every trigger so far, in order, those of repeated attempts too. */
  readonly triggers: TriggerJobRunInput[]
  readonly cancels: CancelJobRunInput[]
  /** Replaces what the API does. */
  api: Partial<ScriptedApi>
  pipelines(timing?: Partial<PipelineTiming>): PipelinesClient
  /** Runs to its end. */
  run(plan: PipelinePlan, timing?: Partial<PipelineTiming>, inputs?: Record<string, Json>): Promise<Ended>
  /** Another worker, as after a deploy. */
  restartWorker(): Promise<void>
  stop(): Promise<void>
}

export interface Ended {
  id: string
  view: Awaited<ReturnType<PipelinesClient['show']>>
}

/** A finished run of a step, named after it. */
export function recordOf(
  input: { step: string; item: number | null; generation: number },
  status = 'completed',
  overrides: Partial<JobRunRecord> = {},
): JobRunRecord {
  const jobRunId = `run-${input.step}-${input.item ?? 0}-${input.generation}`
  return {
    jobId: `job-${input.step}`,
    jobRunId,
    status,
    error: null,
    outputs: {},
    jobRun: null,
    ...overrides,
  }
}

/** Triggered, and not over yet. */
export function openRun(input: { step: string; item: number | null; generation: number }) {
  const { jobId, jobRunId } = recordOf(input)
  return { phase: 'running' as const, jobId, jobRunId, status: 'running' }
}

/** @param nested pipelines that it may name, by their names */
export function planFrom(text: string, nested: Record<string, PipelinePlan> = {}): PipelinePlan {
  const resolvePipeline = (name: string) => {
    const known = nested[name]
    return { ...(known ? { plan: known } : {}), findings: [] }
  }
  const { plan, findings } = compilePipeline(text, { file: 'test.yaml', resolvePipeline })
  if (!plan) throw new Error(findings.map((each) => `${each.line}:${each.column} ${each.message}`).join('\n'))
  return plan
}

/**
 * @param wire what the worker reaches Temporal by, of its address; @default straight
 * @param stickyMs how long a workflow task waits for the worker that had the last one, which may be busy or gone
 */
export async function startScripted(
  wire: (address: string) => Promise<{ address: string; stop(): Promise<void> }> = straight,
  stickyMs = 1_000,
): Promise<Scripted> {
  const logger = new DefaultLogger('ERROR')
  Runtime.install({ logger })
  const stack = await startTestStack({ parts: ['temporal'] })
  const taskQueue = 'scripted'
  const scripted: Pick<Scripted, 'triggers' | 'cancels' | 'api'> = { triggers: [], cancels: [], api: {} }
  const temporal = temporalActivities(stack)
  /** What a watcher does: the end of an open run comes by a signal. */
  async function triggered(input: TriggerJobRunInput) {
    scripted.triggers.push(input)
    const result = (await scripted.api.trigger?.(input)) ?? {
      phase: 'terminal' as const,
      record: recordOf(input),
    }
    const workflowId = Context.current().info.workflowExecution?.workflowId ?? ''
    if (result.phase === 'running')
      scripted.api.wait?.(result.jobRunId).then(
        (record) => stack.client.workflow.getHandle(workflowId).signal(signalNames.jobRunsEnded, [record]),
        () => undefined,
      )
    return result
  }
  const activities: Pick<PipelineActivities, ScriptedActivity> = {
    ...temporal,
    async startNestedRun(input) {
      const start = () => temporal.startNestedRun(input)
      return scripted.api.nested?.(start) ?? start()
    },
    async advanceBackfill(input) {
      const go: AdvanceBackfill = (places = input.places) => temporal.advanceBackfill({ ...input, places })
      return scripted.api.advance?.(go) ?? go()
    },
    async profileConnection() {
      return { mode: 'fenced', valueReferences: true }
    },
    triggerJobRun: triggered,
    async triggerQuickly(input) {
      // What a test has to say of triggers may take its time, or fail.
      const { quickly, trigger } = scripted.api
      if (quickly) return quickly(input)
      return trigger ? { phase: 'unsure', isLate: true } : triggered(input)
    },
    async lookAtJobRuns({ runs }) {
      return scripted.api.look?.(runs) ?? []
    },
    beginWorkflowTask: () => Promise.resolve(),
    isTaskLost: async () => false,
    async cancelJobRun(input) {
      scripted.cancels.push(input)
      return { record: (await scripted.api.cancel?.(input)) ?? null }
    },
    async readOutputs({ outputs }) {
      return scripted.api.read?.(outputs) ?? outputs.map(() => null)
    },
  }
  const way = await wire(stack.temporalAddress)
  const connection = await NativeConnection.connect({ address: way.address })
  const codePath = await workflowBundle()
  const startWorker = async () => {
    const worker = await Worker.create({
      connection,
      dataConverter,
      taskQueue,
      workflowBundle: { codePath },
      activities,
      maxConcurrentActivityTaskExecutions: 2_000,
      maxConcurrentLocalActivityExecutions: 2_000,
      shutdownGraceTime: 0,
      shutdownForceTime: 1_000,
      stickyQueueScheduleToStartTimeout: stickyMs,
    })
    const running = worker.run()
    return async () => {
      worker.shutdown()
      await running.catch(() => undefined)
    }
  }
  let stopWorker = await startWorker()
  const pipelines = (timing: Partial<PipelineTiming> = {}) =>
    new PipelinesClient(stack.client, {
      taskQueue,
      timing: { waitLeaseMs: 60_000, stepHeartbeatMs: 60_000, queryTimeoutMs: patientQueryMs, ...timing },
    })
  return Object.assign(scripted, {
    stack,
    pipelines,
    async run(plan: PipelinePlan, timing = {}, inputs = {}) {
      scripted.triggers.length = 0
      scripted.cancels.length = 0
      const client = pipelines(timing)
      const { id } = await client.start(plan, inputs)
      await stack.client.workflow
        .getHandle(id)
        .result()
        .catch(() => undefined)
      return { id, view: await client.show(id) }
    },
    async restartWorker() {
      await stopWorker()
      stopWorker = await startWorker()
    },
    async stop() {
      await stopWorker()
      await connection.close()
      await way.stop()
      await stack.stop()
    },
  })
}

const straight = async (address: string) => ({ address, stop: () => Promise.resolve() })
