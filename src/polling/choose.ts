import { outliers } from './lists.ts'
import type { ListKind, ListQuery } from './looks.ts'
import { few, minimumOf, type Round, type State } from './state.ts'
import { isListable, type Watched } from './watched.ts'

/** What to ask next, and when. Pure. */

export type Choice =
  | { kind: 'get'; run: Watched }
  | { kind: 'list'; of: ListKind; query: ListQuery; runs: readonly Watched[] }
  | { kind: 'page'; round: Round }
  | { kind: 'wait'; untilMs: number }

/** A list that may be asked for within this time is waited for; else its runs are got one by one meanwhile. */
const patienceMs = 1_500
/** A list that takes longer is not waited for. */
const hangingMs = 3_000
/** Runs that lists do not show are looked for in lists all the same, this seldom. */
const reviewEveryMs = 10_000

interface Survey {
  vanished: Watched[]
  /** Due, and to be got one by one: how many, and the first of them. */
  singles: number
  single: Watched | undefined
  /** Due, and to be found by a list. */
  due: Watched[]
  /** As `due`, by the time that a list may be asked for. */
  soon: number
  /** When the next one falls due that is to be got by itself, and that is to be found by a list. */
  nextSingleMs: number
  nextByListMs: number
}

function surveyOf(state: State, nowMs: number, activeMs: number): Survey {
  const survey: Survey = {
    vanished: [],
    singles: 0,
    single: undefined,
    due: [],
    soon: 0,
    nextSingleMs: Number.POSITIVE_INFINITY,
    nextByListMs: Number.POSITIVE_INFINITY,
  }
  const soonMs = Math.max(nowMs, activeMs)
  for (const run of state.runs.values()) {
    if (run.isAsked) continue
    if (run.doubt === 'vanished') {
      survey.vanished.push(run)
    } else if (isListable(run)) {
      if (run.dueMs <= soonMs) survey.soon += 1
      if (run.dueMs <= nowMs) survey.due.push(run)
      else if (run.dueMs < survey.nextByListMs) survey.nextByListMs = run.dueMs
    } else if (run.dueMs <= nowMs) {
      addSingle(survey, run)
    } else if (run.dueMs < survey.nextSingleMs) survey.nextSingleMs = run.dueMs
  }
  return survey
}

function addSingle(survey: Survey, run: Watched): void {
  survey.singles += 1
  if (!survey.single || run.dueMs < survey.single.dueMs) survey.single = run
}

export function choose(state: State, nowMs: number): Choice {
  const { lists, round } = state
  if (round?.cursor !== undefined && !round.isAsked) return { kind: 'page', round }
  const minimum = minimumOf(state)
  const activeMs = lists.active.allowedMs(minimum)
  const survey = surveyOf(state, nowMs, activeMs)
  if (round) return meanwhile(survey, round, nowMs)
  const endedMs = lists.ended.allowedMs(0)
  if (survey.vanished.length > few && endedMs - nowMs > patienceMs) {
    for (const run of survey.vanished) addSingle(survey, run)
    survey.vanished = []
  }
  return (
    confirmation(state, survey, nowMs, endedMs) ??
    earliest(
      roundOfActive(state, survey, nowMs, activeMs),
      survey.vanished.length > 0 ? endedMs : Number.POSITIVE_INFINITY,
    )
  )
}

/** While a list is under way nothing else is asked that it may tell; unless it takes so long that it may never come. */
function meanwhile(survey: Survey, { askedMs }: Round, nowMs: number): Choice {
  const lostMs = askedMs + hangingMs
  if (nowMs < lostMs) return single(survey, Math.min(survey.nextSingleMs, lostMs))
  for (const run of survey.due) addSingle(survey, run)
  return single(survey, Math.min(survey.nextSingleMs, survey.nextByListMs))
}

function single({ single: run }: Survey, untilMs: number): Choice {
  return run ? { kind: 'get', run } : { kind: 'wait', untilMs }
}

function earliest(choice: Choice, untilMs: number): Choice {
  return choice.kind === 'wait' ? { kind: 'wait', untilMs: Math.min(choice.untilMs, untilMs) } : choice
}

/** What vanished from a list is asked for: a few by themselves, many by a list of what ended. */
function confirmation(
  state: State,
  { vanished }: Survey,
  nowMs: number,
  endedMs: number,
): Choice | undefined {
  const [first] = vanished
  if (!first) return undefined
  if (vanished.length <= few) return { kind: 'get', run: first }
  if (endedMs > nowMs) return undefined
  const old = new Set(outliers(vanished, state.newestMs, few))
  const rest = vanished.filter((run) => !old.has(run))
  return { kind: 'list', of: 'ended', query: state.lists.ended.query(rest), runs: rest }
}

function roundOfActive(state: State, survey: Survey, nowMs: number, activeMs: number): Choice {
  const { due } = survey
  const isReview = survey.singles > few && nowMs - state.cycleMs >= reviewEveryMs
  // Half of the budget is for those that are got one by one, when there are some.
  const shareMs = survey.single ? (2 * state.cycle * 1000) / state.requestsPerSecond : 0
  const allowedMs = Math.max(activeMs, state.cycleMs + shareMs)
  const isByList = survey.soon > few || isReview
  if (isByList && allowedMs <= nowMs && (due.length > 0 || isReview))
    return { kind: 'list', of: 'active', query: state.lists.active.query(due), runs: due }
  if (isByList && allowedMs - nowMs <= patienceMs)
    return single(survey, Math.min(survey.nextSingleMs, allowedMs))
  for (const run of due) addSingle(survey, run)
  return single(survey, Math.min(survey.nextSingleMs, survey.nextByListMs))
}
