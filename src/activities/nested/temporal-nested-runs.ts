import { Context } from '@temporalio/activity'
import {
  ApplicationFailure,
  CancelledFailure,
  type Client,
  WorkflowExecutionAlreadyStartedError,
  WorkflowFailedError,
  type WorkflowHandle,
  WorkflowNotFoundError,
} from '@temporalio/client'
import { JobwrightError } from '../../base/errors.ts'
import { canonicalJson, type Json } from '../../base/json.ts'
import { workflowTypes } from '../../contract/names.ts'
import {
  grpcStatus,
  grpcStatusOf,
  ifThere,
  isOpen,
  keepStarts,
  readStart,
  runStartOptions,
} from '../../executions/index.ts'
import {
  closedFromOutside,
  type JobRunRecord,
  nestedRecord,
  type PipelineRunView,
} from '../../pipeline/plan/index.ts'
import type { NestedRunIdentity, NestedRuns, ParentArgument } from './types.ts'

type NestedStart = NonNullable<Parameters<NestedRuns['start']>[1]>

/** Parents of which the arguments are kept: a fan-out starts hundreds by one. */
const keptArguments = 20

type Owner = { workspace?: string; owner?: string }

/** Nested pipeline runs through a Temporal client. They are workflows of their own: no close of the parent's reaches them. */
export function createNestedRuns(client: Client): NestedRuns {
  const kept = keepStarts<ParentArgument & { memo: Owner }>(keptArguments)
  const handleOf = (id: string) => client.workflow.getHandle(id)

  function argumentOf(parent: { workflowId: string; runId: string }) {
    return kept(parent.runId, () => readArgument(client, parent))
  }

  async function look(run: NestedRunIdentity): Promise<JobRunRecord | undefined> {
    const handle = handleOf(run.id)
    const { status, memo } = await describe(handle, run.id)
    requireOwn(run, memo)
    if (isOpen(status)) return undefined
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
          ...runStartOptions(input.plan, { ...memo, parent, ...(start ? {} : { isBarred: true }) }),
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
        if (grpcStatusOf(error) === grpcStatus.deadlineExceeded) return undefined
        if (!(error instanceof WorkflowFailedError)) throw error
      }
      return look(run)
    },
    async cancel(id) {
      await ifThere(handleOf(id).cancel())
    },
    async outputsOf(id) {
      return (await viewLeftBy(handleOf(id), id)).view?.outputs ?? {}
    },
  }
}

function startOf({ plan, inputs, heldKeys }: NestedStart) {
  return { plan, inputs, ...(heldKeys ? { heldKeys } : {}) }
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

async function readArgument(
  client: Client,
  { workflowId, runId }: { workflowId: string; runId: string },
): Promise<ParentArgument & { memo: Owner }> {
  const handle = client.workflow.getHandle(workflowId, runId === '' ? undefined : runId)
  const [description, start] = await Promise.all([
    describe(handle, workflowId),
    readStart<ParentArgument>(client, { workflowId, ...(runId === '' ? {} : { runId }) }),
  ])
  if (!start) throw new Error(`the history of ${workflowId} does not begin with its argument`)
  // Not what it carries of its state, which may be large.
  const { plan, workspace, timing, schedule } = start.argument
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
