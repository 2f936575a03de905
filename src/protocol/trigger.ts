import { judgeRuns, type OwnJob, type SeenRun, seenBefore } from './candidates.ts'
import type { TriggerEffect, TriggerEvent, TriggerPolicy, TriggerState } from './trigger-types.ts'

/**
 * How a run is triggered once on a server without idempotency keys: state and event in, state and effect out.
 * After a POST whose answer is lost, "it never arrived" and "it is still under way" look the same. So a POST whose outcome is not
 * known is settled by looking at all runs of its job, and sent again only where the operator's bounds prove that it never will
 * arrive (`bounded`), or a person says so (`strict`).
 *
 * Instants are milliseconds of one clock, the workflow's. No imports but types of this folder's.
 */

const firstPauseMs = 500
const longestPauseMs = 30_000

export function beginTrigger(): TriggerState {
  return {
    phase: 'create',
    job: null,
    posts: 0,
    unsettled: 0,
    sentByMs: 0,
    notBeforeMs: 0,
    failures: 0,
    problem: null,
    run: null,
    extras: [],
    cancelledExtras: [],
    candidates: [],
    refusal: null,
  }
}

/** From then on a complete list that shows no run proves that there never will be one, if the bounds hold. */
export function settledAtMs(state: TriggerState, policy: TriggerPolicy): number {
  return state.sentByMs + policy.deliveryMs + policy.listingMs
}

/** What to do next. */
export function nextEffect(state: TriggerState, policy: TriggerPolicy, nowMs: number): TriggerEffect {
  const { phase, job, run, refusal, notBeforeMs } = state
  if (phase === 'refused' || phase === 'abandoned')
    return { kind: 'refuse', ...(refusal ?? { code: 'trigger_unknown', message: 'given up' }) }
  if (phase === 'adopted' && run) return { kind: 'done', run }
  if (!job || phase === 'create')
    return notBeforeMs > nowMs ? { kind: 'pause', untilMs: notBeforeMs } : { kind: 'create_job' }
  if (phase === 'parked') return { kind: 'park', job }
  if (phase === 'post')
    return notBeforeMs > nowMs ? { kind: 'pause', untilMs: notBeforeMs } : { kind: 'post', job }
  // Posting: whoever asks does not know what became of it.
  return { kind: 'look', job, untilMs: settledAtMs(state, policy) }
}

/**
 * The state after an event. An event that does not fit changes nothing. What is over stays so; a run that shows up later is noted
 * all the same, so that it can be cancelled.
 */
export function advance(state: TriggerState, event: TriggerEvent, policy: TriggerPolicy): TriggerState {
  if (event.kind === 'extra_over') return extraOver(state, event.jobRunId)
  if (isOver(state)) return event.kind === 'listed' ? listedLate(state, event, policy) : state
  switch (event.kind) {
    case 'job_ready':
      return state.phase === 'create' ? { ...state, phase: 'post', job: event.job, failures: 0 } : state
    case 'posting':
      return state.phase === 'post'
        ? {
            ...state,
            phase: 'posting',
            posts: state.posts + 1,
            unsettled: state.unsettled + 1,
            sentByMs: event.atMs + policy.sendingMs,
          }
        : state
    case 'posted':
      return posted(state, event.run)
    case 'not_sent':
      return notSent(state, event)
    case 'refused':
      return refused(state, event, policy)
    case 'unknown':
      return unknown(state, event)
    case 'listed':
      return listed(state, event, policy)
    default:
      return byPerson(state, event)
  }
}

function isOver({ phase }: TriggerState): boolean {
  return phase === 'adopted' || phase === 'refused' || phase === 'abandoned'
}

function foundOurs(state: TriggerState, runs: readonly SeenRun[]): TriggerState {
  return { ...noted(state, runs), phase: 'adopted', candidates: [], problem: null }
}

/** @param news how many of them were not known before */
function noted(state: TriggerState, runs: readonly SeenRun[], news = runs.length): TriggerState {
  const [first, ...others] = runs
  if (!first) return state
  return {
    ...state,
    run: first,
    unsettled: Math.max(0, state.unsettled - news),
    extras: [...state.extras, ...others.map(({ jobRunId }) => jobRunId)],
  }
}

function posted(state: TriggerState, run: SeenRun): TriggerState {
  if (state.phase !== 'posting' && state.phase !== 'settle' && state.phase !== 'parked') return state
  return run.jobId === state.job?.jobId ? foundOurs(state, [run]) : state
}

function notSent(
  state: TriggerState,
  { atMs, retryAfterMs, problem }: Omit<Extract<TriggerEvent, { kind: 'not_sent' }>, 'kind'>,
): TriggerState {
  if (state.phase !== 'posting' && state.phase !== 'create') return state
  const pauseMs = Math.max(retryAfterMs, Math.min(firstPauseMs * 2 ** state.failures, longestPauseMs))
  const again = { ...state, failures: state.failures + 1, problem, notBeforeMs: atMs + pauseMs }
  if (state.phase === 'create') return again
  return { ...again, phase: 'post', ...withoutLast(state) }
}

/** The last POST started nothing, and never will. */
function withoutLast({ posts, unsettled }: TriggerState): Pick<TriggerState, 'posts' | 'unsettled'> {
  return { posts: posts - 1, unsettled: unsettled - 1 }
}

function unknown(
  state: TriggerState,
  { atMs, before }: Extract<TriggerEvent, { kind: 'unknown' }>,
): TriggerState {
  const { phase, job } = state
  if (phase !== 'posting') return state
  return {
    ...state,
    phase: 'settle',
    sentByMs: atMs,
    job: job && before ? { ...job, before } : job,
  }
}

function refused(
  state: TriggerState,
  { atMs, code, message, isMissing }: Extract<TriggerEvent, { kind: 'refused' }>,
  { listingMs }: TriggerPolicy,
): TriggerState {
  if (state.phase !== 'posting') return state
  // What was just made may not be known everywhere yet.
  if (isMissing && state.job?.isOwn && atMs < state.job.madeAtMs + listingMs)
    return notSent(state, { atMs, retryAfterMs: 0, problem: message })
  const rest = { ...state, ...withoutLast(state) }
  // An earlier one may have started a run: it may even be why.
  if (rest.unsettled > 0) return { ...rest, phase: 'settle', problem: message }
  return { ...rest, phase: 'refused', refusal: { code, message } }
}

type Listed = Extract<TriggerEvent, { kind: 'listed' }>

function listed(
  state: TriggerState,
  { begunAtMs, runs, isComplete }: Listed,
  policy: TriggerPolicy,
): TriggerState {
  if (!state.job || state.phase === 'create') return state
  const { ours, doubtful } = judgeRuns(runs, state.job)
  if (ours.length > 0) return foundOurs(state, ours)
  if (state.phase === 'parked') return { ...state, candidates: doubtful }
  if (state.phase !== 'settle' && state.phase !== 'posting') return state
  // What is under way may still arrive, or be missing from a list that is old.
  if (begunAtMs < settledAtMs(state, policy)) return state
  if (doubtful.length > 0 || !provesAbsence(isComplete, state.job, policy))
    return { ...state, phase: 'parked', candidates: doubtful }
  return { ...state, phase: 'post', unsettled: 0, notBeforeMs: 0, failures: 0 }
}

/** Where the time is up: a list that is short proves nothing; nor does one of a job that others run, too. */
function provesAbsence(isComplete: boolean, job: OwnJob, { mode }: TriggerPolicy): boolean {
  return mode === 'bounded' && isComplete && job.isOwn
}

/** Of a trigger that is over, with or without a run. */
function listedLate(
  state: TriggerState,
  { begunAtMs, runs, isComplete }: Listed,
  policy: TriggerPolicy,
): TriggerState {
  if (!state.job) return state
  const known = knownRuns(state)
  const { ours, doubtful } = judgeRuns(runs, state.job)
  const late = ours.filter(({ jobRunId }) => !known.includes(jobRunId))
  if (late.length > 0) return noted(state, state.run ? [state.run, ...late] : late, late.length)
  const isUnseen = doubtful.every(({ jobRunId }) => known.includes(jobRunId))
  const isAbsent =
    isUnseen && begunAtMs >= settledAtMs(state, policy) && provesAbsence(isComplete, state.job, policy)
  return isAbsent ? { ...state, unsettled: 0 } : state
}

function extraOver(state: TriggerState, jobRunId: string): TriggerState {
  if (!state.extras.includes(jobRunId)) return state
  return {
    ...state,
    extras: state.extras.filter((id) => id !== jobRunId),
    cancelledExtras: [...state.cancelledExtras, jobRunId],
  }
}

function byPerson(
  state: TriggerState,
  event: Extract<TriggerEvent, { kind: 'adopt' | 'trigger_again' | 'give_up' }>,
): TriggerState {
  if (state.phase !== 'parked') return state
  switch (event.kind) {
    case 'adopt':
      // Only the person knows what it is: what was sent may still start another.
      if (event.run.jobId !== state.job?.jobId) return state
      return { ...foundOurs(state, [event.run]), unsettled: state.unsettled }
    case 'trigger_again':
      // Those of before are not what this POST starts.
      return {
        ...state,
        phase: 'post',
        notBeforeMs: 0,
        failures: 0,
        job: state.job && { ...state.job, before: seenBefore(state.candidates, state.job.before) },
        candidates: [],
      }
    case 'give_up':
      return {
        ...state,
        phase: 'abandoned',
        refusal: {
          code: 'trigger_unknown',
          message: 'a person gave up a trigger whose outcome is not known',
        },
      }
  }
}

/** Job runs that are this trigger's for certain. */
export function knownRuns({ run, extras, cancelledExtras }: TriggerState): string[] {
  return [...(run ? [run.jobRunId] : []), ...extras, ...cancelledExtras]
}

/** True when a run may exist that nobody has seen: a cancel has to look for it first. */
export function mayHaveUnknownRun({ unsettled }: TriggerState): boolean {
  return unsettled > 0
}

/** True when more than one run may exist: worth another look when the run is over. */
export function mayHaveExtras({ phase, posts, unsettled }: TriggerState): boolean {
  return phase === 'adopted' && (posts > 1 || unsettled > 0)
}
