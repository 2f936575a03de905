import type { WireJobRun, WireList } from '../client/index.ts'
import type { Choice } from './choose.ts'
import { missInActive, missInEnded, see } from './judge.ts'
import { type Failure, type Look, shortness } from './looks.ts'
import { few, type Outcome, type Round, type State } from './state.ts'
import type { PollWarning } from './types.ts'

/** Lists from their first page to what they mean for the runs that they lack. Pure, but for the state that is changed. */

/** A server whose pages never end is not followed for ever. */
const mostPages = 1_000
/** The same is not said again before this time has passed. */
const sayAgainMs = 60 * 60_000

/** Lists that may fail in a row before it is told of. */
const strikesBorne = 3

type ListLook = Extract<Look, { kind: 'list' }>

export function beginRound(
  state: State,
  { of, query, runs }: Extract<Choice, { kind: 'list' }>,
  nowMs: number,
): Look {
  state.serial += 1
  if (of === 'active') {
    state.cycle = 0
    state.cycleMs = nowMs
  } else {
    // Those that the list would have to reach back too far for.
    const asked = new Set(runs)
    for (const run of state.runs.values())
      if (run.doubt === 'vanished' && !asked.has(run)) run.doubt = 'alone'
  }
  state.round = {
    of,
    serial: state.serial,
    query,
    asked: of === 'ended' ? runs : [],
    expected: runs.filter((run) => run.wasListed).length,
    sentMs: nowMs,
    isAsked: false,
    askedMs: nowMs,
    cursor: undefined,
    pages: 0,
    items: 0,
    unreadable: 0,
    cpuMs: 0,
    found: 0,
  }
  return lookFor(state, state.round, nowMs)
}

/** The page that the last one named. */
export function nextPage(state: State, round: Round, nowMs: number): Look {
  return lookFor(state, round, nowMs)
}

function lookFor(state: State, round: Round, nowMs: number): Look {
  const { of, serial, cursor } = round
  round.isAsked = true
  round.askedMs = nowMs
  state.cycle += 1
  const query = cursor === undefined ? round.query : { ...round.query, cursor }
  return { kind: 'list', of, serial, query, sentMs: nowMs }
}

export function readPage(
  state: State,
  look: ListLook,
  page: WireList<WireJobRun>,
  cpuMs: number,
  nowMs: number,
  outcome: Outcome,
): void {
  const round = state.round?.serial === look.serial ? state.round : undefined
  for (const item of page.items) if (see(state, item, look, nowMs, outcome) && round) round.found += 1
  if (!round) return
  round.isAsked = false
  round.pages += 1
  round.items += page.items.length
  round.unreadable += page.unreadable?.length ?? 0
  round.cpuMs += cpuMs
  const next = page.next_cursor
  if (next !== undefined && next !== round.cursor && round.pages < mostPages) {
    round.cursor = next
    return
  }
  state.round = undefined
  state.lists[round.of].read(round, round.sentMs, nowMs)
  const short = shortness(page, round)
  if (short !== undefined)
    say(state, outcome, nowMs, {
      kind: 'list_short',
      message: `a list of ${round.of} job runs may lack some (${short}); what is missing in it is asked for by itself`,
    })
  if (round.of === 'active') closeActive(state, round, nowMs)
  else closeEnded(state, round, nowMs)
}

function closeActive(state: State, { serial, sentMs, found }: Round, nowMs: number): void {
  const { active } = state.lists
  for (const run of state.runs.values()) {
    const isNewer = run.addedMs >= sentMs || run.lookedMs > sentMs
    if (run.round !== serial && !isNewer && !run.isAsked) missInActive(run, active.isFiltered, nowMs)
  }
  if (found > 0) {
    active.useful()
    state.wrongs = 0
  } else if (state.wrongs > few) active.useless(nowMs)
}

function closeEnded(state: State, { asked, expected, items, found }: Round, nowMs: number): void {
  const { ended } = state.lists
  if (found > 0) ended.useful()
  else if (expected > few && (items > 0 || !ended.misread())) ended.useless(nowMs)
  // Asked for in another form at once.
  else if (expected > few) return
  for (const run of asked)
    if (run.doubt === 'vanished' && state.runs.get(run.key) === run) missInEnded(state, run, nowMs)
}

/** A list that was not to be had. What it was to tell is asked for otherwise. @returns whether anybody still waited for it */
export function failRound(
  state: State,
  look: ListLook,
  failure: Failure,
  nowMs: number,
  outcome: Outcome,
): boolean {
  if (state.round?.serial !== look.serial) return false
  const list = state.lists[look.of]
  const isFirstPage = state.round.pages === 0
  state.round = undefined
  if (failure.kind === 'away' || failure.kind === 'throttled') return true
  if (failure.kind === 'refused' && isFirstPage && list.refused(nowMs)) return true
  const strikes = failure.kind === 'refused' && isFirstPage ? 0 : list.useless(nowMs)
  if (failure.kind === 'unclear' && strikes < strikesBorne) return true
  const message = `lists of ${look.of} job runs are not to be had: ${failure.message}; they are got one by one`
  say(state, outcome, nowMs, { kind: 'list_refused', message })
  return true
}

/** Once in a while. */
function say(state: State, { warnings }: Outcome, nowMs: number, warning: PollWarning): void {
  const saidMs = state.said.get(warning.kind)
  if (saidMs !== undefined && nowMs - saidMs < sayAgainMs) return
  state.said.set(warning.kind, nowMs)
  warnings.push(warning)
}
