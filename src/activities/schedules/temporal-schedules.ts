import { Context } from '@temporalio/activity'
import {
  ApplicationFailure,
  type Client,
  ScheduleAlreadyRunning,
  ScheduleNotFoundError,
  WorkflowExecutionAlreadyStartedError,
} from '@temporalio/client'
import { JobwrightError } from '../../base/errors.ts'
import { scheduleMessages, workflowTypes } from '../../contract/names.ts'
import { ifThere, isOpen, keepStarts, readStart, runStartOptions } from '../../executions/index.ts'
import {
  isPausedByHand,
  ownPauseNote,
  type ScheduleDefinition,
  type ScheduledRun,
  type ScheduleState,
} from '../../schedule/plan/index.ts'
import type { EarlierKeeper, KeeperArgument, ScheduledStart, Schedules } from './types.ts'

const keptArguments = 20
const yearMs = 365 * 86_400_000

type Written = Parameters<Schedules['write']>[1]

/** Schedules and their runs through a Temporal client. */
export function createSchedules(client: Client): Schedules {
  const kept = keepStarts<KeeperArgument>(keptArguments)

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
      return kept(runId, () => readArgument(client, workflowId, runId))
    },
    start: (start) => startRun(client, start),
    earlierKeeper: (keeper, earlierRunId) => readEarlier(client, keeper, earlierRunId),
    async cancel(runId) {
      await ifThere(client.workflow.getHandle(runId).cancel())
    },
    async isOver(runId) {
      const found = await ifThere(client.workflow.getHandle(runId).describe())
      return found === undefined || !isOpen(found.status)
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
  return paused ? { paused, note: note ?? ownPauseNote } : { paused }
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
  try {
    await client.workflow.start(workflowTypes.runPipeline, {
      workflowId: runId,
      taskQueue: Context.current().info.taskQueue,
      ...runStartOptions(plan, {
        ...(version === undefined ? {} : { version }),
        ...ownership,
        schedule: scheduled.schedule,
        scheduledForMs: scheduled.nominalMs,
        tick: scheduled.kind,
        ...(backfill === undefined ? {} : { backfill }),
      }),
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

/** The newest but the one that asks. */
async function readEarlier(
  client: Client,
  { workflowId, runId: ownRunId }: { workflowId: string; runId: string },
  earlierRunId: string | undefined,
): Promise<EarlierKeeper | null> {
  const runId = earlierRunId ?? (await newestListed(client, workflowId, ownRunId))
  if (runId === undefined) return null
  const handle = client.workflow.getHandle(workflowId, runId)
  const { status } = await handle.describe()
  if (isOpen(status)) throw ApplicationFailure.retryable('the last execution is not listed yet', 'not_listed')
  const [definition, state] = await Promise.all([
    handle.query<ScheduleDefinition>(scheduleMessages.definition),
    handle.query<ScheduleState>(scheduleMessages.state),
  ])
  return { definition, state, runId, isDeleted: status.name === 'COMPLETED' }
}

/** Lists are a moment behind about who is over; those who ended last come first. */
async function newestListed(
  client: Client,
  workflowId: string,
  ownRunId: string,
): Promise<string | undefined> {
  for await (const { runId } of client.workflow.list({ query: `WorkflowId = '${workflowId}'` }))
    if (runId !== ownRunId) return runId
  return undefined
}

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

/** What a keeper was started with, without its state, which may be large. */
async function readArgument(client: Client, workflowId: string, runId?: string): Promise<KeeperArgument> {
  const execution = runId === undefined ? { workflowId } : { workflowId, runId }
  const start = await readStart<KeeperArgument>(client, execution)
  if (!start) throw new Error(`the history of ${workflowId} does not begin with its argument`)
  const { definition, timing } = start.argument
  return { definition, timing }
}
