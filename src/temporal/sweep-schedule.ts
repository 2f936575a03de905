import { type Client, ScheduleAlreadyRunning, ScheduleNotFoundError } from '@temporalio/client'
import { type InstallationNames, workflowTypes } from '../contract/names.ts'
import type { SweepMode, SweepReport } from '../contract/sweep.ts'

const everyMs = 60_000

function scheduleOf(names: InstallationNames, mode: SweepMode) {
  return {
    spec: { intervals: [{ every: everyMs }] },
    action: {
      type: 'startWorkflow' as const,
      workflowType: workflowTypes.sweepClosedRuns,
      // Temporal puts the time behind it.
      workflowId: names.sweeperId,
      taskQueue: names.taskQueues.pipelines,
      args: [{ mode }],
      // One that hangs would keep all others from starting.
      workflowRunTimeout: 10 * 60_000,
    },
    // After an outage one sweep does for all that were missed.
    policies: { overlap: 'SKIP' as const, catchupWindow: everyMs },
  }
}

/**
 * Makes sure that sweeps are scheduled as this version has them, once for all workers of an installation. Whoever paused the schedule
 * finds it paused.
 * @throws whatever Temporal answers where this may not be done
 */
export async function ensureSweepSchedule(
  client: Client,
  names: InstallationNames,
  mode: SweepMode,
): Promise<'created' | 'updated' | 'unchanged'> {
  const wanted = scheduleOf(names, mode)
  const handle = client.schedule.getHandle(names.sweeperId)
  try {
    const found = await handle.describe()
    if (isAsWanted(found, wanted)) return 'unchanged'
    await handle.update(({ state }) => ({ ...wanted, state }))
    return 'updated'
  } catch (error) {
    if (!(error instanceof ScheduleNotFoundError)) throw error
  }
  try {
    await client.schedule.create({ scheduleId: names.sweeperId, ...wanted })
    return 'created'
  } catch (error) {
    // Another worker was first.
    if (error instanceof ScheduleAlreadyRunning) return 'unchanged'
    throw error
  }
}

/** Nothing is swept any more. */
export async function removeSweepSchedule(client: Client, names: InstallationNames): Promise<void> {
  try {
    await client.schedule.getHandle(names.sweeperId).delete()
  } catch (error) {
    if (!(error instanceof ScheduleNotFoundError)) throw error
  }
}

type Found = Awaited<ReturnType<ReturnType<Client['schedule']['getHandle']>['describe']>>

function isAsWanted({ spec, action, policies }: Found, wanted: ReturnType<typeof scheduleOf>): boolean {
  const { args, taskQueue, workflowType, workflowRunTimeout } = wanted.action
  return (
    spec.intervals?.length === 1 &&
    spec.intervals[0]?.every === everyMs &&
    (spec.calendars?.length ?? 0) === 0 &&
    action.workflowType === workflowType &&
    action.taskQueue === taskQueue &&
    action.workflowRunTimeout === workflowRunTimeout &&
    JSON.stringify(action.args) === JSON.stringify(args) &&
    policies.overlap === wanted.policies.overlap &&
    policies.catchupWindow === wanted.policies.catchupWindow
  )
}

/** How sweeps stand. */
export interface SweepState {
  isPaused: boolean
  /** The last one that ended, of the last ten that were started. */
  last: SweepReport | undefined
  /** The last one that was started; undefined before the first. */
  startedAt: Date | undefined
}

/** undefined: none are scheduled. @throws whatever Temporal answers */
export async function readSweeps(client: Client, names: InstallationNames): Promise<SweepState | undefined> {
  try {
    const { state, info } = await client.schedule.getHandle(names.sweeperId).describe()
    const actions = info.recentActions.toReversed()
    return { isPaused: state.paused, startedAt: actions[0]?.takenAt, last: await lastReport(client, actions) }
  } catch (error) {
    if (error instanceof ScheduleNotFoundError) return undefined
    throw error
  }
}

async function lastReport(
  client: Client,
  actions: Found['info']['recentActions'],
): Promise<SweepReport | undefined> {
  for (const { action } of actions) {
    const handle = client.workflow.getHandle(action.workflow.workflowId)
    const { status } = await handle.describe()
    if (status.name === 'COMPLETED') return (await handle.result()) as SweepReport
  }
  return undefined
}
