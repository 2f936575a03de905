import { randomBytes } from 'node:crypto'
import {
  ApplicationFailure,
  type Client,
  QueryNotRegisteredError,
  QueryRejectedError,
  ServiceError,
  WorkflowExecutionAlreadyStartedError,
  type WorkflowExecutionDescription,
  type WorkflowExecutionInfo,
  WorkflowFailedError,
  type WorkflowHandle,
  WorkflowNotFoundError,
} from '@temporalio/client'
import { JobwrightError } from '../base/errors.ts'
import type { Json } from '../base/json.ts'
import { taskQueues, workflowTypes } from '../contract/names.ts'
import type { PipelinePlan, PipelineRunView, PipelineStatus } from '../pipeline/plan/index.ts'
import { fromTemporal, throwFromTemporal } from '../temporal/failures.ts'
import type { PipelineMemo, PipelineTiming, RunPipelineInput } from '../workflows/messages.ts'
import { troublesOf } from './troubles.ts'

export class PipelineRunNotFoundError extends JobwrightError {
  override readonly name = 'PipelineRunNotFoundError'
  constructor(id: string) {
    super({
      code: 'unknown_pipeline_run',
      fault: 'refused',
      message: `no pipeline run ${id}`,
      fix: '`jobwright runs` lists the pipeline runs that exist',
    })
  }
}

export interface StartPipeline {
  plan: PipelinePlan
  inputs: Record<string, Json>
  /** @default the pipeline's name and 12 random hexadecimal digits */
  id?: string
}

const queryTimeoutMs = 3_000
const watchIntervalMs = 400

/** Starts, watches and steers pipeline runs. They live in Temporal only: this needs nothing else. */
export class PipelinesClient {
  readonly #client: Client
  readonly #timing: PipelineTiming
  readonly #taskQueue: string

  constructor(client: Client, options: { timing: PipelineTiming; taskQueue?: string }) {
    this.#client = client
    this.#timing = options.timing
    this.#taskQueue = options.taskQueue ?? taskQueues.pipelines
  }

  /** Starts a run. An id that is in use is not started again: `existed` says so, whether that run is over or not. */
  async start({ plan, inputs, id }: StartPipeline): Promise<{ id: string; existed: boolean }> {
    const workflowId = id ?? `${plan.name}-${randomBytes(6).toString('hex')}`
    const input: RunPipelineInput = { plan, inputs, timing: this.#timing }
    const memo: PipelineMemo = { pipeline: plan.name }
    try {
      await this.#client.workflow.start(workflowTypes.runPipeline, {
        workflowId,
        taskQueue: this.#taskQueue,
        workflowIdReusePolicy: 'REJECT_DUPLICATE',
        workflowIdConflictPolicy: 'FAIL',
        memo: { ...memo },
        staticSummary: plan.name,
        args: [input],
      })
      return { id: workflowId, existed: false }
    } catch (error) {
      if (error instanceof WorkflowExecutionAlreadyStartedError) return { id: workflowId, existed: true }
      throw fromTemporal(error)
    }
  }

  /**
   * Where a run stands. Of an open run the steps come by query; when no worker answers, they are empty and a
   * warning says so. What keeps steps from going on is a warning, too.
   * @throws PipelineRunNotFoundError
   */
  async show(id: string): Promise<PipelineRunView> {
    const handle = this.#client.workflow.getHandle(id)
    const description = await this.#describe(id, handle)
    const { name } = description.status
    if (name === 'COMPLETED' || name === 'FAILED') return closedView(handle, description)
    const queried = await this.#query(handle)
    if (!queried) return { ...bareView(description), warnings: [unansweredWarning] }
    // A run that was closed from outside could not note it itself; neither result nor failure holds a cancelled run's view.
    return name === 'RUNNING'
      ? {
          ...queried,
          warnings: [...queried.warnings, ...troublesOf(description.raw.pendingActivities ?? [])],
        }
      : { ...queried, status: statusNames[name] ?? queried.status, finished_at: closeTime(description) }
  }

  async #query(handle: WorkflowHandle): Promise<PipelineRunView | undefined> {
    try {
      return await this.#client.withDeadline(Date.now() + queryTimeoutMs, () =>
        handle.query<PipelineRunView>('progress'),
      )
    } catch (error) {
      if (isUnanswered(error)) return undefined
      throw fromTemporal(error)
    }
  }

  /** Runs newest first; steps are left out. `limit` bounds them. */
  list(options: { limit?: number } = {}): Promise<PipelineRunView[]> {
    return this.#list(options.limit ?? 100).catch(throwFromTemporal)
  }

  async #list(limit: number): Promise<PipelineRunView[]> {
    const views: PipelineRunView[] = []
    for await (const info of this.#client.workflow.list({
      query: `WorkflowType = '${workflowTypes.runPipeline}'`,
    })) {
      if (info.status.name !== 'CONTINUED_AS_NEW') views.push(bareView(info))
      if (views.length >= limit) break
    }
    return views
  }

  /** Asks the run to stop; it closes when every remote run is confirmed to be over. @throws PipelineRunNotFoundError */
  async cancel(id: string): Promise<void> {
    const handle = this.#client.workflow.getHandle(id)
    await this.#describe(id, handle)
    await handle.cancel().catch(throwFromTemporal)
  }

  /**
   * Yields the view whenever it changed, the last one when the run is over. Goes on through outages of Temporal.
   * @throws PipelineRunNotFoundError
   */
  async *watch(id: string, options: { signal?: AbortSignal } = {}): AsyncGenerator<PipelineRunView> {
    let last = ''
    while (!options.signal?.aborted) {
      const view = await this.#showUnlessAway(id)
      if (view) {
        const text = JSON.stringify(view)
        if (text !== last) yield view
        last = text
        if (view.finished_at !== null) return
      }
      await pause(watchIntervalMs, options.signal)
    }
  }

  async #showUnlessAway(id: string): Promise<PipelineRunView | undefined> {
    try {
      return await this.show(id)
    } catch (error) {
      if (error instanceof JobwrightError && error.fault === 'unreachable') return undefined
      throw error
    }
  }

  async #describe(id: string, handle: WorkflowHandle): Promise<WorkflowExecutionDescription> {
    try {
      const description = await handle.describe()
      if (description.type !== workflowTypes.runPipeline) throw new PipelineRunNotFoundError(id)
      return description
    } catch (error) {
      if (error instanceof WorkflowNotFoundError) throw new PipelineRunNotFoundError(id)
      throw fromTemporal(error)
    }
  }
}

/** No worker polls, it is too slow, or Temporal itself went away in between: the memo still tells something. */
function isUnanswered(error: unknown): boolean {
  return (
    error instanceof ServiceError ||
    error instanceof QueryRejectedError ||
    error instanceof QueryNotRegisteredError
  )
}

const statusNames: Record<string, PipelineStatus> = {
  COMPLETED: 'completed',
  FAILED: 'failed',
  TIMED_OUT: 'failed',
  TERMINATED: 'failed',
  CANCELLED: 'cancelled',
}

const unansweredWarning =
  'no worker answers, so the steps cannot be shown; is one running? (`jobwright worker`, `jobwright dev`)'

type RunInfo = WorkflowExecutionInfo | WorkflowExecutionDescription

function closeTime(info: RunInfo): string | null {
  return info.closeTime?.toISOString() ?? null
}

function bareView(info: RunInfo): PipelineRunView {
  const memo = info.memo as PipelineMemo | undefined
  return {
    id: info.workflowId,
    pipeline: memo?.pipeline ?? '',
    status: statusNames[info.status.name] ?? memo?.status ?? 'running',
    started_at: new Date(memo?.startedAtMs ?? info.startTime).toISOString(),
    finished_at: closeTime(info),
    outputs: {},
    warnings: [],
    steps: [],
  }
}

/** The view a run left behind: its result, or the details of its failure. */
async function closedView(handle: WorkflowHandle, info: RunInfo): Promise<PipelineRunView> {
  try {
    return (await handle.result()) as PipelineRunView
  } catch (error) {
    if (!(error instanceof WorkflowFailedError)) throw fromTemporal(error)
    const cause = error.cause
    const view =
      cause instanceof ApplicationFailure ? (cause.details?.[0] as PipelineRunView | undefined) : undefined
    return (
      view ?? {
        ...bareView(info),
        warnings: [
          `the workflow was closed from outside (${info.status.name.toLowerCase()}): ${cause?.message ?? ''}`,
        ],
      }
    )
  }
}

function pause(ms: number, signal: AbortSignal | undefined): Promise<void> {
  return new Promise((resolve) => {
    const timer = setTimeout(done, ms)
    function done(): void {
      clearTimeout(timer)
      signal?.removeEventListener('abort', done)
      resolve()
    }
    signal?.addEventListener('abort', done)
  })
}
