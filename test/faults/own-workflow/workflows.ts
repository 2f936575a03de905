import {
  ApplicationFailure,
  CancellationScope,
  CancelledFailure,
  defineQuery,
  defineUpdate,
  isCancellation,
  setHandler,
  workflowInfo,
} from '@temporalio/workflow'
import type { Json } from '../../../src/base/json.ts'
import { queryNames, updateNames } from '../../../src/contract/names.ts'
import type {
  PipelinePlan,
  PipelineRunView,
  PlanStep,
  PlanValue,
  SteerAnswer,
  SteerRequest,
} from '../../../src/pipeline/plan/index.ts'
import { runJob } from '../../../src/public/workflow.ts'
import { ledgerNow, viewOf } from '../../../src/run-job/ledger.ts'
import { checkSteering, steer } from '../../../src/run-job/steering.ts'

/**
 * The pipelines of the fault tests as a workflow of a user's own would have them: every step is a `runJob`. It goes by the name of
 * ours, so that whatever looks at pipeline runs looks at it.
 */
export async function runPipeline({ plan }: { plan: PipelinePlan }): Promise<PipelineRunView> {
  const view = (): PipelineRunView => withOthers(plan)
  const ledger = () => {
    const found = ledgerNow()
    if (!found) throw ApplicationFailure.nonRetryable('nothing was run yet', 'unknown_step')
    return found
  }
  setHandler(defineQuery<PipelineRunView>(queryNames.progress), view)
  setHandler(
    defineUpdate<SteerAnswer, [SteerRequest]>(updateNames.steer),
    (request) => steer(ledger(), request),
    {
      validator: (request) => checkSteering(ledger(), request),
    },
  )
  const ends = new Map<string, Promise<string>>()
  for (const step of plan.steps) ends.set(step.id, runStep(step, plan, ends))
  const statuses = await Promise.all(ends.values())
  const isCancelled = CancellationScope.current().consideredCancelled
  const status = statuses.every((one) => one === 'completed')
    ? 'completed'
    : isCancelled
      ? 'cancelled'
      : 'failed'
  const last: PipelineRunView = { ...view(), status, finished_at: new Date().toISOString() }
  if (status === 'cancelled') throw new CancelledFailure('cancelled')
  if (status === 'failed')
    throw ApplicationFailure.create({ type: 'pipeline_failed', nonRetryable: true, details: [last] })
  return last
}

async function runStep(
  step: PlanStep,
  { connection }: PipelinePlan,
  ends: ReadonlyMap<string, Promise<string>>,
): Promise<string> {
  const always = step.if?.statusFunctions.includes('always') === true
  const needs = await Promise.all(step.needs.map((need) => ends.get(need)))
  if (!always && needs.some((status) => status !== 'completed')) return 'skipped'
  const { generations, backoffMs, on } = step.retry
  const run = (index: number) => {
    const common = {
      step: step.id,
      connection,
      config: jsonOf(step.config ?? { kind: 'literal', value: {} }, index) as Record<string, Json>,
      retry: { attempts: generations, backoff: `${backoffMs}ms`, on },
      settle: '600ms',
    } as const
    switch (step.target.kind) {
      case 'job_type':
        return runJob({ ...common, jobType: step.target.jobType })
      case 'job_id':
        return runJob({ ...common, jobId: String(jsonOf(step.target.jobId, 0)) })
      case 'pipeline':
        throw new Error('a pipeline in a pipeline is not for this one')
    }
  }
  const work = async () => {
    const length = step.forEach ? 4 : 1
    let next = 0
    const lane = async () => {
      while (next < length) await run(next++)
    }
    await Promise.all(Array.from({ length: Math.min(step.maxParallel, length) }, lane))
  }
  try {
    await (always ? CancellationScope.nonCancellable(work) : work())
    return 'completed'
  } catch (error) {
    return isCancellation(error) ? 'cancelled' : 'failed'
  }
}

/** Of what these pipelines have. */
function jsonOf(value: PlanValue, index: number): Json {
  const known: Record<string, string> = { 'pipeline.run_id': workflowInfo().workflowId, index: String(index) }
  switch (value.kind) {
    case 'literal':
      return value.value
    case 'object':
      return Object.fromEntries(value.entries.map((entry) => [entry.key, jsonOf(entry.value, index)]))
    case 'text':
      return value.parts
        .map((part) => (typeof part === 'string' ? part : (known[part.source.trim()] ?? part.source)))
        .join('')
    default:
      throw ApplicationFailure.nonRetryable(`no ${value.kind} here`)
  }
}

/** Steps that were not begun have a line, too. */
function withOthers(plan: PipelinePlan): PipelineRunView {
  const own = ledgerNow()
  const lines = own ? viewOf(own).steps : []
  const { workflowId, startTime } = workflowInfo()
  return {
    seq: 0,
    id: workflowId,
    pipeline: plan.name,
    status: lines.some(({ status }) => status === 'trigger_unknown') ? 'held' : 'running',
    started_at: startTime.toISOString(),
    finished_at: null,
    outputs: {},
    warnings: own?.state.warnings ?? [],
    connection: null,
    steps: plan.steps.flatMap(({ id }) => {
      const begun = lines.filter((line) => line.step === id)
      const none = { job_id: null, job_run_id: null, started_at: null, finished_at: null, error: null }
      return begun.length > 0 ? begun : [{ seq: 0, step: id, generation: 0, status: 'waiting', ...none }]
    }),
  }
}
