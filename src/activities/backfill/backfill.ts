import { ApplicationFailure, Context } from '@temporalio/activity'
import type { LeaveReason } from '../../contract/schedules/backfills.ts'
import {
  type Advance,
  decideTick,
  type EndedRun,
  type NewestRun,
  newestRun,
  type Tick,
  tickRunId,
  ticksInOrder,
} from '../../schedule/plan/index.ts'
import type {
  AdvanceBackfillInput,
  BackfillArgument,
  BackfillRunsInput,
  StartedTick,
  TickRuns,
} from './types.ts'

/** How many ticks are looked at at once, and by one activity. */
const atOnce = 16
const mostLooks = 800

/** How long one attempt waits; then another one does. */
const attemptMs = 120_000

/**
 * Goes on along the ticks of the range until so many runs are started, or the range is at its end. Repeated, it finds the runs that an
 * earlier attempt started by their ids: what is decided of a tick, and what is started, are one. Told meanwhile to pause or to stop, it
 * starts nothing more, and tells what was started before.
 */
export async function advanceBackfill(runs: TickRuns, input: AdvanceBackfillInput): Promise<Advance> {
  const argument = await runs.argument()
  const { order } = argument.request
  const ticks = runs.ticks(argument)
  const rest = ticksInOrder(ticks, order, input.cursor)
  const advance: Advance = {
    ticks: ticks.length,
    cursor: input.cursor,
    isAtEnd: false,
    started: [],
    left: {},
  }
  const told: StartedTick[] = []
  const { cancellationSignal } = Context.current()
  // As many as may start; more where none of them does.
  let width = Math.min(input.places, atOnce)
  for (let at = 0; at < Math.min(rest.length, mostLooks); ) {
    cancellationSignal.throwIfAborted()
    const some = rest.slice(at, at + width)
    at += width
    width = Math.min(2 * width, atOnce)
    const looked = some.map(async (tick) => ({ tick, newest: await newestOf(tick) }))
    for (const { tick, newest } of await Promise.all(looked)) {
      if (advance.started.length >= input.places) return done()
      const became = await takeTick(runs, { argument, tick, newest, id: input.id })
      if (became === 'stopped') return done()
      noteTick(advance, tick, became)
      if ('started' in became) told.push({ tick, runId: became.started })
    }
  }
  return done()

  async function newestOf(tick: Tick): Promise<NewestRun | undefined> {
    return tick.isDropped ? undefined : newestRun(runs.look, runs.ownId(argument.definition, tick))
  }

  async function done(): Promise<Advance> {
    if (told.length > 0) await runs.tellKeeper(argument, told)
    return { ...advance, isAtEnd: rest.length === 0 || advance.cursor === rest.at(-1)?.nominalMs }
  }
}

type Became = { started: string } | { left: LeaveReason }

function noteTick(advance: Advance, { nominalMs }: Tick, became: Became): void {
  advance.cursor = nominalMs
  if ('started' in became) advance.started.push({ nominalMs, runId: became.started })
  else advance.left[became.left] = (advance.left[became.left] ?? 0) + 1
}

interface TakeTick {
  argument: BackfillArgument
  tick: Tick
  newest: NewestRun | undefined
  id: string
}

/** `stopped`: it would be started, and nothing is to be started any more. */
async function takeTick(
  runs: TickRuns,
  { argument, tick, id, newest: seen }: TakeTick,
): Promise<Became | 'stopped'> {
  const ownId = runs.ownId(argument.definition, tick)
  for (let newest = seen; ; newest = await newestRun(runs.look, ownId)) {
    // An earlier attempt started it.
    if (newest?.run.backfill === id) return { started: newest.run.id }
    const decision = decideTick(tick, newest?.run, argument.request.only)
    if (decision.action === 'leave') return { left: decision.reason }
    if (await runs.isStopped()) return 'stopped'
    const runId = tickRunId(ownId, (newest?.ordinal ?? 0) + 1)
    if ((await runs.start({ runId, tick, argument, id })) === 'started') return { started: runId }
    // Somebody was faster: it is decided anew.
  }
}

/** Ends of runs, as soon as there is one: they may be closed from outside, so they are looked at, and nothing is waited for by itself. */
export async function awaitBackfillRuns(runs: TickRuns, { runIds }: BackfillRunsInput): Promise<EndedRun[]> {
  const ended = await runs.awaitEnds(runIds, attemptMs, Context.current().cancellationSignal)
  if (ended.length > 0) return ended
  throw ApplicationFailure.retryable('none of the runs is over yet', 'not_over')
}

/** Asks them to stop. */
export async function cancelBackfillRuns(runs: TickRuns, { runIds }: BackfillRunsInput): Promise<void> {
  for (const runId of runIds) await runs.cancel(runId)
}
