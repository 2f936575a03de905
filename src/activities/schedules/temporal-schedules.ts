import { Context } from '@temporalio/activity'
import {
  type Client,
  ScheduleAlreadyRunning,
  ScheduleNotFoundError,
  WorkflowExecutionAlreadyStartedError,
  WorkflowNotFoundError,
} from '@temporalio/client'
import { JobwrightError } from '../../base/errors.ts'
import { scheduleMessages, searchAttributes, workflowTypes } from '../../contract/names.ts'
import type { ScheduleDefinition, ScheduledRun, ScheduleState } from '../../schedule/plan/index.ts'
import type { EarlierKeeper, KeeperArgument, ScheduledStart, Schedules } from './types.ts'

const keptArguments = 20
const yearMs = 365 * 86_400_000
/** Of a pause that the keeper wrote: any other is somebody's by hand. */
const ownNote = 'paused by Jobwright'

type Written = Parameters<Schedules['write']>[1]
type Found = Awaited<ReturnType<ReturnType<Client['schedule']['getHandle']>['describe']>>

/** Schedules and their runs through a Temporal client. */
export function createSchedules(client: Client): Schedules {
  const known = new Map<string, Promise<KeeperArgument>>()

  async function write(scheduleId: string, clock: Written): Promise<boolean> {
    const wanted = scheduleOf(scheduleId, clock)
    const handle = client.schedule.getHandle(scheduleId)
    try {
      let isHandPaused = false
      await handle.update(({ state }) => {
        isHandPaused = isPausedByHand(state) && !clock.isResuming
        return {
          ...wanted,
          state: stateOf(clock.isPaused || isHandPaused, isHandPaused ? state.note : undefined),
        }
      })
      return isHandPaused
    } catch (error) {
      if (!(error instanceof ScheduleNotFoundError)) throw error
    }
    try {
      await client.schedule.create({ scheduleId, ...wanted, state: stateOf(clock.isPaused) })
    } catch (error) {
      // An earlier attempt came through after all: what it wrote may be older.
      if (error instanceof ScheduleAlreadyRunning) return write(scheduleId, clock)
      throw error
    }
    return false
  }

  return {
    write,
    argumentOf({ workflowId, runId }) {
      if (runId === undefined) return readArgument(client, workflowId)
      const found = known.get(runId) ?? readArgument(client, workflowId, runId)
      known.set(runId, found)
      found.catch(() => known.delete(runId))
      const [oldest] = known.keys()
      if (known.size > keptArguments && oldest !== undefined) known.delete(oldest)
      return found
    },
    start: (start) => startRun(client, start),
    earlierKeeper: (keeper) => readEarlier(client, keeper),
    async cancel(runId) {
      await ifThere(client.workflow.getHandle(runId).cancel())
    },
    async isOver(runId) {
      const found = await ifThere(client.workflow.getHandle(runId).describe())
      return found === undefined || (found.status.name !== 'RUNNING' && found.status.name !== 'PAUSED')
    },
    async isHandPaused(scheduleId) {
      try {
        return isPausedByHand((await client.schedule.getHandle(scheduleId).describe()).state)
      } catch (error) {
        if (error instanceof ScheduleNotFoundError) return false
        throw error
      }
    },
    async remove(scheduleId) {
      try {
        await client.schedule.getHandle(scheduleId).delete()
      } catch (error) {
        if (!(error instanceof ScheduleNotFoundError)) throw error
      }
    },
  }
}

function scheduleOf(scheduleId: string, { spec }: Written) {
  return {
    spec,
    action: {
      type: 'startWorkflow' as const,
      workflowType: workflowTypes.scheduleTick,
      // Temporal puts the time behind it.
      workflowId: `${scheduleId}-tick`,
      taskQueue: Context.current().info.taskQueue,
      args: [{ keeper: scheduleId }],
    },
    // However long nothing could be decided, one wake comes for all of it: what it means is the keeper's to say.
    policies: { overlap: 'BUFFER_ONE' as const, catchupWindow: yearMs, pauseOnFailure: false },
  }
}

function stateOf(paused: boolean, note?: string) {
  return paused ? { paused, note: note ?? ownNote } : { paused }
}

function isPausedByHand({ paused, note }: Found['state']): boolean {
  return paused && note !== ownNote
}

async function startRun(
  client: Client,
  { runId, scheduled, inputs, argument, backfill }: ScheduledStart,
): Promise<'started' | 'exists'> {
  const { definition, timing } = argument
  const { plan, workspace, owner, version } = definition
  const ownership = {
    ...(workspace === undefined ? {} : { workspace }),
    ...(owner === undefined ? {} : { owner }),
  }
  const tick = { schedule: scheduled.schedule, scheduledForMs: scheduled.nominalMs }
  try {
    await client.workflow.start(workflowTypes.runPipeline, {
      workflowId: runId,
      taskQueue: Context.current().info.taskQueue,
      workflowIdReusePolicy: 'REJECT_DUPLICATE',
      workflowIdConflictPolicy: 'FAIL',
      memo: {
        pipeline: plan.name,
        ...(version === undefined ? {} : { version }),
        ...ownership,
        ...tick,
        tick: scheduled.kind,
        ...(backfill === undefined ? {} : { backfill }),
        // Before it is granted a place, it waits for one.
        ...(plan.concurrency ? { status: 'pending' } : {}),
      },
      typedSearchAttributes: [
        ...pair(searchAttributes.workspace, workspace),
        ...pair(searchAttributes.owner, owner),
        ...pair(searchAttributes.schedule, scheduled.schedule),
      ],
      staticSummary: plan.name,
      ...(plan.priority === undefined ? {} : { priority: { priorityKey: plan.priority } }),
      args: [
        { plan, inputs, timing, ...(workspace === undefined ? {} : { workspace }), schedule: scheduled },
      ],
    })
    return 'started'
  } catch (error) {
    if (!(error instanceof WorkflowExecutionAlreadyStartedError)) throw error
    await requireOwn(client, runId, scheduled)
    return 'exists'
  }
}

/** By their starts: lists are a moment behind about who is over. */
async function readEarlier(
  client: Client,
  { workflowId, runId }: { workflowId: string; runId: string },
): Promise<EarlierKeeper | null> {
  for await (const found of client.workflow.list({ query: `WorkflowId = '${workflowId}'` })) {
    if (found.runId === runId) continue
    const handle = client.workflow.getHandle(workflowId, found.runId)
    const { status } = await handle.describe()
    if (status.name === 'COMPLETED') return null
    // One that went on is not the last one.
    if (status.name === 'RUNNING' || status.name === 'CONTINUED_AS_NEW') continue
    const [definition, state] = await Promise.all([
      handle.query<ScheduleDefinition>(scheduleMessages.definition),
      handle.query<ScheduleState>(scheduleMessages.state),
    ])
    return { definition, state }
  }
  return null
}

const pair = (name: string, value: string | undefined) =>
  value === undefined ? [] : [{ key: { name, type: 'KEYWORD' as const }, value }]

/** @throws JobwrightError `run_id_taken` */
async function requireOwn(
  client: Client,
  runId: string,
  { schedule, nominalMs, kind }: ScheduledRun,
): Promise<void> {
  const { memo } = await client.workflow.getHandle(runId).describe()
  // A request for a manual one that is sent again comes at another time.
  const isSameTick = kind === 'manual' ? memo?.['tick'] === kind : memo?.['scheduledForMs'] === nominalMs
  if (memo?.['schedule'] === schedule && isSameTick) return
  throw new JobwrightError({
    code: 'run_id_taken',
    fault: 'refused',
    message: `the id ${runId} belongs to another pipeline run, and schedule ${schedule} cannot have it`,
    fix: 'start the pipeline run under another id',
  })
}

/** Of the first event of an execution: what it was started with. */
async function readArgument(client: Client, workflowId: string, runId?: string): Promise<KeeperArgument> {
  const { history } = await client.workflowService.getWorkflowExecutionHistory({
    namespace: client.options.namespace,
    execution: { workflowId, ...(runId === undefined ? {} : { runId }) },
    maximumPageSize: 1,
  })
  const started = history?.events?.[0]?.workflowExecutionStartedEventAttributes
  const data = started?.input?.payloads?.[0]?.data
  const { definition, timing } = JSON.parse(
    new TextDecoder().decode(data ?? new Uint8Array()),
  ) as KeeperArgument
  return { definition, timing }
}

/** undefined of one that Temporal does not know any more, or that is over. */
async function ifThere<T>(work: Promise<T>): Promise<T | undefined> {
  try {
    return await work
  } catch (error) {
    if (error instanceof WorkflowNotFoundError) return undefined
    throw error
  }
}
