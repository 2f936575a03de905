import { judgeRuns, type OwnJob, type SeenBefore, type SeenRun, seenBefore } from './candidates.ts'

/**
 * How a run is triggered once on a server without idempotency keys: state and event in, state and effect out.
 * After a POST whose answer is lost, "it never arrived" and "it is still under way" look the same. So a POST whose outcome is not
 * known is settled by looking at all runs of its job, and sent again only where the operator's bounds prove that it never will
 * arrive (`bounded`), or a person says so (`strict`).
 *
 * Instants are milliseconds of one clock, the workflow's. No imports but types of this folder's.
 */

export interface TriggerPolicy {
  mode: 'strict' | 'bounded'
  /** D: from the moment that a request leaves to the commit of what it does. In `strict` only a hint of how long to look. */
  deliveryMs: number
  /** L: how long a list may show yesterday. */
  listingMs: number
  /** How long after a POST was begun it may still leave. */
  sendingMs: number
}

export interface TriggerState {
  phase: 'create' | 'post' | 'posting' | 'settle' | 'parked' | 'adopted' | 'refused' | 'abandoned'
  job: OwnJob | null
  /** POSTs that may have started a run, a person's own among them. */
  posts: number
  /** The last of them has left by then, or never will. */
  sentByMs: number
  /** Not before this is a create or a POST tried again. */
  notBeforeMs: number
  /** Attempts that did not reach the server in a row, for the back-off; and why the last one did not. */
  failures: number
  problem: string | null
  run: SeenRun | null
  /** Further runs of ours: to be cancelled and told of. */
  extras: string[]
  /** What a person may choose from. */
  candidates: SeenRun[]
  refusal: { code: string; message: string } | null
}

export type TriggerEvent =
  | { kind: 'job_ready'; job: OwnJob }
  /** A POST may leave from now on. Noted before it is sent. */
  | { kind: 'posting'; atMs: number }
  | { kind: 'posted'; run: SeenRun }
  /** Proven not to have reached the server, or not to have been processed. */
  | { kind: 'not_sent'; atMs: number; retryAfterMs: number; problem: string }
  /** `isMissing`: as the server does not know the job. */
  | { kind: 'refused'; atMs: number; code: string; message: string; isMissing: boolean }
  /**
   * The outcome of the POST is not known. By `atMs` it had left, or never will: later than now where whoever sent it is lost, and
   * may still be about to.
   * `before`: what was there right before it.
   */
  | { kind: 'unknown'; atMs: number; before: SeenBefore | null }
  /** All runs of the job, in every status, as a list that was asked for at `begunAtMs` showed them. */
  | { kind: 'listed'; begunAtMs: number; runs: readonly SeenRun[]; isComplete: boolean }
  /** A person's word on a parked trigger. */
  | { kind: 'adopt'; run: SeenRun }
  | { kind: 'trigger_again' }
  | { kind: 'give_up' }

export type TriggerEffect =
  | { kind: 'create_job' }
  /** Look once, then send one POST if there is no run of ours. */
  | { kind: 'post'; job: OwnJob }
  /** Look until there is a run of ours, or a list that was asked for at `untilMs` or later shows none. */
  | { kind: 'look'; job: OwnJob; untilMs: number }
  | { kind: 'pause'; untilMs: number }
  /** Wait for a person, and go on looking meanwhile. */
  | { kind: 'park'; job: OwnJob }
  | { kind: 'done'; run: SeenRun }
  | { kind: 'refuse'; code: string; message: string }

const firstPauseMs = 500
const longestPauseMs = 30_000

export function beginTrigger(): TriggerState {
  return {
    phase: 'create',
    job: null,
    posts: 0,
    sentByMs: 0,
    notBeforeMs: 0,
    failures: 0,
    problem: null,
    run: null,
    extras: [],
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

/** The state after an event. An event that does not fit changes nothing. */
export function advance(state: TriggerState, event: TriggerEvent, policy: TriggerPolicy): TriggerState {
  if (isOver(state)) return state
  switch (event.kind) {
    case 'job_ready':
      return state.phase === 'create' ? { ...state, phase: 'post', job: event.job, failures: 0 } : state
    case 'posting':
      return state.phase === 'post'
        ? { ...state, phase: 'posting', posts: state.posts + 1, sentByMs: event.atMs + policy.sendingMs }
        : state
    case 'posted':
      return foundOurs(state, [event.run])
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

function foundOurs(state: TriggerState, [first, ...others]: readonly SeenRun[]): TriggerState {
  if (!first) return state
  return {
    ...state,
    phase: 'adopted',
    run: first,
    candidates: [],
    problem: null,
    extras: [...state.extras, ...others.map(({ jobRunId }) => jobRunId)],
  }
}

function notSent(
  state: TriggerState,
  { atMs, retryAfterMs, problem }: Omit<Extract<TriggerEvent, { kind: 'not_sent' }>, 'kind'>,
): TriggerState {
  if (state.phase !== 'posting' && state.phase !== 'create') return state
  const pauseMs = Math.max(retryAfterMs, Math.min(firstPauseMs * 2 ** state.failures, longestPauseMs))
  const again = { ...state, failures: state.failures + 1, problem, notBeforeMs: atMs + pauseMs }
  if (state.phase === 'create') return again
  return { ...again, phase: 'post', posts: state.posts - 1 }
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
  // What was just made may not be known everywhere yet.
  if (isMissing && state.job?.isOwn && atMs < state.job.madeAtMs + listingMs)
    return notSent(state, { atMs, retryAfterMs: 0, problem: message })
  const refusal = { code, message }
  const posts = state.phase === 'posting' ? state.posts - 1 : state.posts
  return { ...state, phase: 'refused', posts, refusal }
}

function listed(
  state: TriggerState,
  { begunAtMs, runs, isComplete }: Extract<TriggerEvent, { kind: 'listed' }>,
  policy: TriggerPolicy,
): TriggerState {
  if (!state.job || state.phase === 'create') return state
  const { ours, doubtful } = judgeRuns(runs, state.job)
  if (ours.length > 0) return foundOurs(state, ours)
  if (state.phase === 'parked') return { ...state, candidates: doubtful }
  if (state.phase !== 'settle' && state.phase !== 'posting') return state
  // What is under way may still arrive, or be missing from a list that is old.
  if (begunAtMs < settledAtMs(state, policy)) return state
  // A list that is short proves nothing; nor does one of a job that others run, too.
  if (policy.mode === 'strict' || !isComplete || !state.job.isOwn)
    return { ...state, phase: 'parked', candidates: doubtful }
  return { ...state, phase: 'post', notBeforeMs: 0, failures: 0 }
}

function byPerson(
  state: TriggerState,
  event: Extract<TriggerEvent, { kind: 'adopt' | 'trigger_again' | 'give_up' }>,
): TriggerState {
  if (state.phase !== 'parked') return state
  switch (event.kind) {
    case 'adopt':
      // It may be another run than the one that the POST made, or still makes.
      return { ...foundOurs(state, [event.run]), posts: state.posts + 1 }
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

/** True when a run may exist that nobody knows: a cancel has to look for it first. */
export function mayHaveUnknownRun({ phase, posts }: TriggerState): boolean {
  return posts > 0 && ['posting', 'settle', 'parked', 'refused'].includes(phase)
}

/** True when more than one run may exist: worth another look when the run is over. */
export function mayHaveExtras({ phase, posts, extras }: TriggerState): boolean {
  return phase === 'adopted' && (posts > 1 || extras.length > 0)
}
