import { Context } from '@temporalio/activity'
import {
  ApplicationFailure,
  CancelledFailure,
  type Client,
  isGrpcServiceError,
  ServiceError,
  WorkflowExecutionAlreadyStartedError,
  WorkflowFailedError,
  type WorkflowHandle,
  WorkflowNotFoundError,
} from '@temporalio/client'
import { JobwrightError } from '../../base/errors.ts'
import { canonicalJson, type Json } from '../../base/json.ts'
import { searchAttributes, workflowTypes } from '../../contract/names.ts'
import {
  closedFromOutside,
  type JobRunRecord,
  nestedRecord,
  type PipelinePlan,
  type PipelineRunView,
} from '../../pipeline/plan/index.ts'
import type { NestedRunIdentity, NestedRuns, ParentArgument } from './types.ts'

type NestedStart = NonNullable<Parameters<NestedRuns['start']>[1]>

/** Parents of which the arguments are kept: a fan-out starts hundreds by one. */
const keptArguments = 20

type Owner = { workspace?: string; owner?: string }

/** Nested pipeline runs through a Temporal client. They are workflows of their own: no close of the parent's reaches them. */
export function createNestedRuns(client: Client): NestedRuns {
  const known = new Map<string, Promise<ParentArgument & { memo: Owner }>>()
  const handleOf = (id: string) => client.workflow.getHandle(id)

  function argumentOf(parent: { workflowId: string; runId: string }) {
    const found = known.get(parent.runId) ?? readArgument(client, parent)
    known.set(parent.runId, found)
    found.catch(() => known.delete(parent.runId))
    const [oldest] = known.keys()
    if (known.size > keptArguments && oldest !== undefined) known.delete(oldest)
    return found
  }

  async function look(run: NestedRunIdentity): Promise<JobRunRecord | undefined> {
    const handle = handleOf(run.id)
    const { status, memo } = await describe(handle, run.id)
    requireOwn(run, memo)
    if (status.name === 'RUNNING' || status.name === 'CONTINUED_AS_NEW') return undefined
    return { ...(await endOf(handle, run.id)) }
  }

  return {
    argumentOf,
    look,
    async start(run, start) {
      const { id, parent } = run
      const { memo } = await argumentOf(parentExecution(parent.id))
      const input = start
        ? { ...inherited(start.parent), ...startOf(start), parent }
        : { plan: barredPlan, inputs: {}, timing: {}, parent, isBarred: true }
      try {
        await client.workflow.start(workflowTypes.runPipeline, {
          workflowId: id,
          taskQueue: Context.current().info.taskQueue,
          workflowIdReusePolicy: 'REJECT_DUPLICATE',
          workflowIdConflictPolicy: 'FAIL',
          memo: {
            pipeline: input.plan.name,
            ...memo,
            parent,
            ...(start ? waitingMemo(start.plan) : { isBarred: true }),
          },
          typedSearchAttributes: searchPairs(memo),
          staticSummary: input.plan.name,
          ...priorityOf(start?.plan),
          args: [input],
        })
        return 'started'
      } catch (error) {
        if (!(error instanceof WorkflowExecutionAlreadyStartedError)) throw error
        requireOwn(run, (await describe(handleOf(id), id)).memo)
        return 'exists'
      }
    },
    async awaitEnd(run, waitMs, signal) {
      const handle = handleOf(run.id)
      try {
        await client.withAbortSignal(signal, () =>
          client.withDeadline(Date.now() + waitMs, () => handle.result()),
        )
      } catch (error) {
        if (isDeadline(error)) return undefined
        if (!(error instanceof WorkflowFailedError)) throw error
      }
      return look(run)
    },
    async cancel(id) {
      try {
        await handleOf(id).cancel()
      } catch (error) {
        // It is over meanwhile.
        if (!(error instanceof WorkflowNotFoundError)) throw error
      }
    },
    async outputsOf(id) {
      return (await viewLeftBy(handleOf(id), id)).view?.outputs ?? {}
    },
  }
}

function startOf({ plan, inputs, heldKeys }: NestedStart) {
  return { plan, inputs, ...(heldKeys ? { heldKeys } : {}) }
}

/** Before it is granted a place, it waits for one. */
function waitingMemo({ concurrency }: PipelinePlan) {
  return concurrency ? { status: 'pending' } : {}
}

function priorityOf(plan: PipelinePlan | undefined) {
  return plan?.priority === undefined ? {} : { priority: { priorityKey: plan.priority } }
}

/** How patient it is, whose it is, and which tick it is of: what a nested run has of its parent. */
function inherited({ timing, workspace, schedule }: ParentArgument) {
  return {
    timing,
    ...(workspace === undefined ? {} : { workspace }),
    ...(schedule === undefined ? {} : { schedule }),
  }
}

const barredPlan = {
  planVersion: 1,
  name: 'not-started',
  connection: 'default',
  inputs: [],
  steps: [],
  outputs: [],
}

/** The execution that asks: the sweep asks for one that is over. */
function parentExecution(workflowId: string): { workflowId: string; runId: string } {
  const { workflowExecution } = Context.current().info
  const isOwn = workflowExecution?.workflowId === workflowId
  return { workflowId, runId: isOwn ? workflowExecution.runId : '' }
}

function searchPairs({ workspace, owner }: Owner) {
  const pair = (name: string, value: string | undefined) =>
    value === undefined ? [] : [{ key: { name, type: 'KEYWORD' as const }, value }]
  return [...pair(searchAttributes.workspace, workspace), ...pair(searchAttributes.owner, owner)]
}

async function readArgument(
  client: Client,
  { workflowId, runId }: { workflowId: string; runId: string },
): Promise<ParentArgument & { memo: Owner }> {
  const handle = client.workflow.getHandle(workflowId, runId === '' ? undefined : runId)
  const [description, { history }] = await Promise.all([
    describe(handle, workflowId),
    client.workflowService.getWorkflowExecutionHistory({
      namespace: client.options.namespace,
      execution: { workflowId, ...(runId === '' ? {} : { runId }) },
      maximumPageSize: 1,
    }),
  ])
  const [started] = history?.events ?? []
  const [payload] = started?.workflowExecutionStartedEventAttributes?.input?.payloads ?? []
  const argument = JSON.parse(new TextDecoder().decode(payload?.data ?? new Uint8Array())) as ParentArgument
  // Not what it carries of its state, which may be large.
  const { plan, workspace, timing, schedule } = argument
  const { workspace: own, owner } = (description.memo ?? {}) as Owner
  return {
    plan,
    timing,
    ...(workspace === undefined ? {} : { workspace }),
    ...(schedule === undefined ? {} : { schedule }),
    memo: { ...(own === undefined ? {} : { workspace: own }), ...(owner === undefined ? {} : { owner }) },
  }
}

async function describe(handle: WorkflowHandle, id: string) {
  try {
    return await handle.describe()
  } catch (error) {
    if (!(error instanceof WorkflowNotFoundError)) throw error
    throw new JobwrightError({
      code: 'unknown_pipeline_run',
      fault: 'refused',
      message: `there is no pipeline run ${id}; if there was one, its time in Temporal is over`,
      cause: error,
    })
  }
}

/** @throws JobwrightError `run_id_taken` */
function requireOwn({ id, parent }: NestedRunIdentity, memo: Record<string, unknown> | undefined): void {
  const found = memo?.['parent'] as Json | undefined
  if (found !== undefined && canonicalJson(found) === canonicalJson({ ...parent })) return
  throw new JobwrightError({
    code: 'run_id_taken',
    fault: 'refused',
    message: `the id ${id} belongs to another pipeline run, and this step cannot have it`,
    fix: 'start the pipeline under another id',
  })
}

async function endOf(handle: WorkflowHandle, id: string): Promise<JobRunRecord> {
  const { status, message, view } = await viewLeftBy(handle, id)
  const outputs = view?.outputs ?? {}
  const error = message === undefined ? null : { code: view ? 'pipeline_failed' : closedFromOutside, message }
  return nestedRecord(id, { status, error, outputs })
}

interface Left {
  status: 'completed' | 'failed' | 'cancelled'
  message?: string
  /** Absent where it was cancelled, or ended from outside. */
  view?: PipelineRunView
}

/** What a run that is over left behind: its result, or the details of its failure. */
async function viewLeftBy(handle: WorkflowHandle, id: string): Promise<Left> {
  try {
    return { status: 'completed', view: (await handle.result()) as PipelineRunView }
  } catch (error) {
    if (!(error instanceof WorkflowFailedError)) throw error
    const { cause } = error
    if (cause instanceof CancelledFailure) return { status: 'cancelled' }
    const view = cause instanceof ApplicationFailure ? cause.details?.[0] : undefined
    const message = `${view ? '' : 'closed from outside: '}${cause?.message ?? error.message}`
    return {
      status: 'failed',
      message: `pipeline run ${id}: ${message}`,
      ...(view ? { view: view as PipelineRunView } : {}),
    }
  }
}

/** gRPC DEADLINE_EXCEEDED. */
function isDeadline(error: unknown): boolean {
  const cause = error instanceof ServiceError ? error.cause : error
  return isGrpcServiceError(cause) && cause.code === 4
}
