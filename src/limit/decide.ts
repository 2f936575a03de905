import type { LimitAsk, LimitHolder, LimitNews, LimitState, LimitWaiter } from './types.ts'

/** More than that may not wait under one key: all of them travel in one payload. */
const maxWaiting = 5_000

export function createLimit(): LimitState {
  return { limit: 1, holders: [], waiting: [], letters: [], nextArrival: 1, nextLetter: 1 }
}

/** True once nobody has a place, waits for one, or is still to be told something. */
export function isIdle({ holders, waiting, letters }: LimitState): boolean {
  return holders.length === 0 && waiting.length === 0 && letters.length === 0
}

/** Takes in an ask. One that waits already changes nothing; whoever asks again for what it has is told again. */
export function ask(state: LimitState, asked: LimitAsk, nowMs: number): void {
  const held = state.holders.find(({ token }) => token === asked.token)
  if (held) {
    tell(state, held, held.isLeaving ? 'superseded' : 'granted')
    return
  }
  if (state.waiting.some(({ token }) => token === asked.token)) return
  state.limit = asked.limit
  // What was told of an earlier place of this token is not meant any more.
  withdraw(state, asked.token)
  const waiter: LimitWaiter = { ...asked, arrival: state.nextArrival++, sinceMs: nowMs }
  if (state.holders.length >= state.limit) {
    if (asked.whenFull === 'skip' || state.waiting.length >= maxWaiting) {
      tell(state, waiter, 'refused', state.holders[0])
      return
    }
    if (asked.whenFull === 'cancel_previous') makeRoom(state, waiter)
  }
  state.waiting.push(waiter)
  give(state, nowMs)
}

/** Takes back the place of a token, or its place in line. What is not known has left before. */
export function leave(state: LimitState, token: string, nowMs: number): void {
  const isOther = (one: { token: string }) => one.token !== token
  state.holders = state.holders.filter(isOther)
  state.waiting = state.waiting.filter(isOther)
  withdraw(state, token)
  give(state, nowMs)
}

/** Notes that a run was told, or that nobody is there any more who could be. */
export function told(state: LimitState, letter: number): void {
  state.letters = state.letters.filter(({ id }) => id !== letter)
}

/** In the order in which they get places. */
export function inOrder(waiting: readonly LimitWaiter[]): LimitWaiter[] {
  return waiting.toSorted((a, b) => a.priority - b.priority || a.arrival - b.arrival)
}

/** Whoever waits is sent away, and as many as are too many have to leave, the oldest first. A place is given once it is free. */
function makeRoom(state: LimitState, newest: LimitWaiter): void {
  for (const waiter of state.waiting) tell(state, waiter, 'refused', newest)
  state.waiting = []
  const staying = state.holders.filter(({ isLeaving }) => !isLeaving)
  for (const holder of staying.slice(0, Math.max(0, staying.length - state.limit + 1))) {
    holder.isLeaving = true
    tell(state, holder, 'superseded', newest)
  }
}

function give(state: LimitState, nowMs: number): void {
  const free = state.limit - state.holders.length
  if (free <= 0) return
  for (const waiter of inOrder(state.waiting).slice(0, free)) {
    state.waiting = state.waiting.filter(({ token }) => token !== waiter.token)
    const holder: LimitHolder = { ...waiter, sinceMs: nowMs }
    state.holders.push(holder)
    tell(state, holder, 'granted')
  }
}

function tell(state: LimitState, { token, run, of }: LimitAsk, kind: LimitNews['kind'], by?: LimitAsk): void {
  const to = { run, ...(of ? { of } : {}) }
  const news: LimitNews = { token, kind, ...(by ? { by: by.run } : {}) }
  state.letters.push({ id: state.nextLetter++, to, news })
}

/** The run hears nothing more of it. */
function withdraw(state: LimitState, token: string): void {
  state.letters = state.letters.filter(({ news }) => news.token !== token)
}
