import {
  ApplicationFailure,
  allHandlersFinished,
  CancellationScope,
  condition,
  log,
  makeContinueAsNewFunc,
  proxyActivities,
  setHandler,
  upsertMemo,
  workflowInfo,
} from '@temporalio/workflow'
import type { PipelineActivities } from '../activities/index.ts'
import type { BackfillView } from '../contract/schedules/backfills.ts'
import {
  type BackfillState,
  backfillStatus,
  createBackfillState,
  type EndedRun,
  nextStep,
  noteAdvance,
  noteEnds,
  viewBackfill,
} from '../schedule/plan/index.ts'
import {
  backfillQuery,
  type PauseBackfill,
  pauseBackfillUpdate,
  type RunBackfillInput,
  resumeBackfillUpdate,
} from './backfill-messages.ts'

const retry = { initialInterval: 500, backoffCoefficient: 2, maximumInterval: 5_000 }
/** Goes on as a new execution long before Temporal asks for it: a replay stays short. */
const defaultHistoryEvents = 2_000

interface Backfill {
  readonly input: RunBackfillInput
  readonly state: BackfillState
  /** How often a person steered it: what waits then looks again. */
  steered: number
}

/**
 * Runs the ticks of a range of time, so many at once, and ends when the last run has. What is decided of a tick is decided where its
 * run is started: this keeps how far it has come. A cancel starts nothing more, cancels the runs that are open, and waits for them.
 * Always closes as completed with the backfill's view, which says how it ended.
 */
export async function runBackfill(input: RunBackfillInput): Promise<BackfillView> {
  const state = input.state ?? createBackfillState(Date.now(), input.ticks)
  const backfill: Backfill = { input, state, steered: 0 }
  const scope = CancellationScope.current()
  setHandler(backfillQuery, () => view(backfill))
  setHandler(pauseBackfillUpdate, (pause) => steer(backfill, pausedBecause(pause)))
  setHandler(resumeBackfillUpdate, () => steer(backfill, undefined))
  scope.cancelRequested.catch(() => noteCancel(backfill))
  if (!input.state) log.info('backfill started', { backfill: input.id, ticks: input.ticks })
  return CancellationScope.nonCancellable(async () => {
    for (;;) {
      const step = nextStep(state, input.request)
      if (step === 'end') break
      await take[step](backfill)
      if (isHistoryLong(input)) await goOnAsNew(backfill, scope)
    }
    return close(backfill)
  })
}

function view({ input, state }: Backfill): BackfillView {
  const { definition, request, id, owner } = input
  const { name: schedule, plan, workspace } = definition
  return viewBackfill({ id, schedule, pipeline: plan.name, workspace, owner }, request, state)
}

function steer(backfill: Backfill, paused: string | undefined): BackfillView {
  const { state } = backfill
  if (state.cancelRequestedAtMs !== undefined)
    throw ApplicationFailure.nonRetryable('the backfill is being cancelled', 'backfill_cancelling')
  if (paused === undefined) delete state.paused
  else state.paused = paused
  noteSteered(backfill)
  return view(backfill)
}

const pausedBecause = ({ note, by }: PauseBackfill): string =>
  `paused${by === undefined ? '' : ` by ${by}`}${note === undefined ? '' : `: ${note}`}`

function noteCancel(backfill: Backfill): void {
  backfill.state.cancelRequestedAtMs ??= Date.now()
  noteSteered(backfill)
}

function noteSteered(backfill: Backfill): void {
  backfill.steered += 1
  upsertMemo({ status: backfillStatus(backfill.state) })
}

const take: Record<'start' | 'await' | 'rest' | 'cancel', (backfill: Backfill) => Promise<void>> = {
  async start({ input, state }) {
    const { advanceBackfill } = activities(input, '5 minutes')
    const places = input.request.maxActive - state.open.length
    noteAdvance(state, await advanceBackfill({ id: input.id, cursor: state.cursor, places }))
  },
  await: awaitEnds,
  async rest(backfill) {
    await steeredSince(backfill, backfill.steered)
  },
  async cancel(backfill) {
    const { cancelBackfillRuns } = activities(backfill.input, '1 minute')
    await cancelBackfillRuns({ runIds: openRuns(backfill) })
    while (backfill.state.open.length > 0) await awaitEnds(backfill)
  },
}

/** Until a run is over, or somebody steered the backfill: then there may be something else to do. */
async function awaitEnds(backfill: Backfill): Promise<void> {
  const { input, state, steered } = backfill
  const scope = new CancellationScope()
  const { awaitBackfillRuns } = activities(input, '5 minutes')
  const ends = scope.run(() => awaitBackfillRuns({ runIds: openRuns(backfill) }))
  ends.catch(() => {})
  const ended = await Promise.race<EndedRun[] | undefined>([
    ends,
    scope.run(() => steeredSince(backfill, steered)).then(() => undefined),
  ])
  scope.cancel()
  if (ended) noteEnds(state, ended)
}

const openRuns = ({ state }: Backfill): string[] => state.open.map(({ runId }) => runId)

const steeredSince = (backfill: Backfill, before: number): Promise<void> =>
  condition(() => backfill.steered !== before)

function activities({ timing, id }: RunBackfillInput, startToCloseTimeout: '1 minute' | '5 minutes') {
  return proxyActivities<PipelineActivities>({
    startToCloseTimeout,
    heartbeatTimeout: timing.stepHeartbeatMs,
    cancellationType: 'TRY_CANCEL',
    summary: id,
    retry,
  })
}

function isHistoryLong({ timing }: RunBackfillInput): boolean {
  const { continueAsNewSuggested, historyLength } = workflowInfo()
  return continueAsNewSuggested || historyLength >= (timing.maxHistoryEvents ?? defaultHistoryEvents)
}

/** Nothing is under way then but runs. A cancel that came just now is not left behind: the next execution would not hear of it. */
async function goOnAsNew({ input, state }: Backfill, scope: CancellationScope): Promise<void> {
  await condition(allHandlersFinished)
  if (scope.consideredCancelled) return
  await makeContinueAsNewFunc<typeof runBackfill>({ memo: workflowInfo().memo ?? {} })({ ...input, state })
}

function close(backfill: Backfill): BackfillView {
  const { input, state } = backfill
  state.finishedAtMs = Date.now()
  const last = view(backfill)
  upsertMemo({ status: last.status })
  log.info('backfill ended', { backfill: input.id, status: last.status, ...last.counts })
  return last
}
