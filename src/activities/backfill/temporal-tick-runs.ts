import { Context } from '@temporalio/activity'
import { type Client, WorkflowFailedError, WorkflowNotFoundError } from '@temporalio/client'
import { inBatches } from '../../base/batches.ts'
import { JobwrightError } from '../../base/errors.ts'
import { type InstallationNames, scheduleMessages } from '../../contract/names.ts'
import { grpcStatus, grpcStatusOf, ifThere, keepStarts, readStart } from '../../executions/index.ts'
import { ownRunId } from '../../schedule/ids.ts'
import {
  type EndedRun,
  type LedgerEntry,
  type Tick,
  type TickRun,
  tickRunStatus,
} from '../../schedule/plan/index.ts'
import { ticksBetween } from '../../schedule/times/index.ts'
import type { Schedules } from '../schedules/types.ts'
import type { BackfillArgument, StartedTick, TickRuns } from './types.ts'

/** Backfills of which the argument is kept. */
const keptArguments = 10
/** Requests at once; how many runs are listened to, so that an end is heard of at once; and for how long by one request. */
const looksAtOnce = 16
const listenedTo = 50
const listenMs = 20_000

/** Runs of ticks through a Temporal client. */
export function createTickRuns(
  client: Client,
  names: Pick<InstallationNames, 'scheduleId'>,
  schedules: Pick<Schedules, 'start' | 'cancel'>,
): TickRuns {
  const kept = keepStarts<BackfillArgument>(keptArguments)
  const ticksOf = new WeakMap<BackfillArgument, Tick[]>()
  const handleOf = (id: string) => client.workflow.getHandle(id)

  async function look(runId: string): Promise<TickRun | undefined> {
    const found = await ifThere(handleOf(runId).describe())
    if (!found) return undefined
    const backfill = found.memo?.['backfill']
    return {
      id: runId,
      status: tickRunStatus(found.status.name),
      ...(typeof backfill === 'string' ? { backfill } : {}),
    }
  }

  async function endsAmong(runIds: readonly string[]): Promise<EndedRun[]> {
    const looked = await inBatches(runIds, looksAtOnce, async (runId) => ({ runId, run: await look(runId) }))
    return looked.flatMap(({ runId, run }) => {
      // Of one that Temporal has no trace of any more, nothing is left to be waited for.
      const status = run ? run.status : 'failed'
      return status === 'open' ? [] : [{ runId, status }]
    })
  }

  /** Until one of them closes, or the time is up. */
  async function listen(runIds: readonly string[], signal: AbortSignal): Promise<void> {
    const enough = new AbortController()
    const ended = runIds.slice(0, listenedTo).map(async (runId) => {
      try {
        await client.withAbortSignal(AbortSignal.any([signal, enough.signal]), () =>
          client.withDeadline(Date.now() + listenMs, () => handleOf(runId).result()),
        )
      } catch (error) {
        if (!isEndOrDeadline(error)) throw error
      }
    })
    try {
      await Promise.race(ended)
    } finally {
      enough.abort()
      await Promise.allSettled(ended)
    }
  }

  return {
    look,
    argument() {
      const execution = ownExecution()
      return kept(execution.runId, () => readArgument(client, execution))
    },
    ticks(argument) {
      const { definition, request } = argument
      const ticks =
        ticksOf.get(argument) ??
        ticksBetween(definition.spec, definition.name, request.fromMs, request.untilMs)
      ticksOf.set(argument, ticks)
      return ticks
    },
    async isStopped() {
      const { workflowId, runId } = ownExecution()
      const { status, memo, raw } = await client.workflow.getHandle(workflowId, runId).describe()
      const isCancelled = raw.workflowExtendedInfo?.cancelRequested === true
      return status.name !== 'RUNNING' || isCancelled || memo?.['status'] === 'paused'
    },
    ownId: (definition, tick) => ownRunId(definition, tick.nominalMs),
    async start({ runId, tick, argument, id }) {
      const { definition } = argument
      const scheduled = { schedule: definition.name, nominalMs: tick.nominalMs, kind: 'backfilled' } as const
      try {
        const inputs = definition.resolvedInputs
        return await schedules.start({ runId, scheduled, inputs, argument, backfill: id })
      } catch (error) {
        // By whomever: what is there is looked at again.
        if (error instanceof JobwrightError && error.code === 'run_id_taken') return 'exists'
        throw error
      }
    },
    async tellKeeper({ definition, revision }, started) {
      const entries = started.map((run) => entryOf(run, revision))
      const keeper = handleOf(names.scheduleId(definition.workspace, definition.name))
      // Of a schedule that was deleted nobody keeps a ledger.
      await ifThere(keeper.signal(scheduleMessages.backfilled, entries))
    },
    async awaitEnds(runIds, waitMs, signal) {
      const untilMs = Date.now() + waitMs
      for (;;) {
        signal.throwIfAborted()
        const ends = await endsAmong(runIds)
        if (ends.length > 0 || Date.now() >= untilMs) return ends
        await listen(runIds, signal)
      }
    },
    cancel: schedules.cancel,
  }
}

function entryOf({ tick, runId }: StartedTick, revision: number): LedgerEntry {
  const jitterMs = tick.dueMs - tick.nominalMs
  return {
    nominalMs: tick.nominalMs,
    ...(jitterMs === 0 ? {} : { jitterMs: [jitterMs] }),
    decidedAtMs: Date.now(),
    outcome: 'backfilled',
    reason: null,
    run: runId,
    revision,
  }
}

/** The run closed in some way, or nothing happened for a while. */
function isEndOrDeadline(error: unknown): boolean {
  if (error instanceof WorkflowFailedError || error instanceof WorkflowNotFoundError) return true
  return grpcStatusOf(error) === grpcStatus.deadlineExceeded
}

function ownExecution(): { workflowId: string; runId: string } {
  const { workflowId = '', runId = '' } = Context.current().info.workflowExecution ?? {}
  return { workflowId, runId }
}

async function readArgument(
  client: Client,
  execution: { workflowId: string; runId: string },
): Promise<BackfillArgument> {
  const start = await readStart<BackfillArgument>(client, execution)
  if (!start) throw new Error(`the history of ${execution.workflowId} does not begin with its argument`)
  return start.argument
}
