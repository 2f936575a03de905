import { describe, expect, test } from 'vitest'
import {
  ask,
  createLimit,
  inOrder,
  isIdle,
  type LimitAsk,
  type LimitLetter,
  type LimitState,
  leave,
  told,
} from '../../src/limit/index.ts'
import { seededRandom } from '../../src/testing/seeded.ts'

function asked(token: string, overrides: Partial<LimitAsk> = {}): LimitAsk {
  return {
    token,
    run: `run-${token}`,
    firstExecutionRunId: token,
    limit: 1,
    priority: 3,
    whenFull: 'queue',
    ...overrides,
  }
}

const tokens = (list: readonly { token: string }[]) => list.map(({ token }) => token)
const news = ({ letters }: LimitState) => letters.map((letter) => `${letter.news.kind} ${letter.news.token}`)

describe('a limit', () => {
  test('gives places by priority, then by arrival', () => {
    const state = createLimit()
    for (const [token, priority] of [
      ['a', 3],
      ['b', 3],
      ['c', 1],
      ['d', 5],
      ['e', 1],
    ] as const)
      ask(state, asked(token, { priority }), 0)
    expect(tokens(inOrder(state.waiting))).toEqual(['c', 'e', 'b', 'd'])
    const order: string[] = []
    for (let [holder] = state.holders; holder; [holder] = state.holders) {
      order.push(holder.token)
      leave(state, holder.token, 0)
    }
    expect(order).toEqual(['a', 'c', 'e', 'b', 'd'])
  })

  test('of different limits under one key, the newest ask says what holds for places that are given from then on', () => {
    const state = createLimit()
    ask(state, asked('a', { limit: 2 }), 0)
    ask(state, asked('b', { limit: 2 }), 0)
    ask(state, asked('c', { limit: 1 }), 0)
    leave(state, 'a', 0)
    expect(tokens(state.holders)).toEqual(['b'])
    ask(state, asked('d', { limit: 3 }), 0)
    expect(tokens(state.holders)).toEqual(['b', 'c', 'd'])
    // Asked again, an old ask is no new one.
    ask(state, asked('c', { limit: 1 }), 0)
    expect(state.limit).toBe(3)
  })

  test('an ask that comes again is told again what it has, and changes nothing', () => {
    const state = createLimit()
    ask(state, asked('a'), 0)
    ask(state, asked('b'), 0)
    for (const letter of [...state.letters]) told(state, letter.id)
    ask(state, asked('b'), 0)
    ask(state, asked('a'), 0)
    expect(tokens(state.holders)).toEqual(['a'])
    expect(tokens(state.waiting)).toEqual(['b'])
    expect(news(state)).toEqual(['granted a'])
  })

  test('skip: whoever finds no place is told at once, and by whom', () => {
    const state = createLimit()
    ask(state, asked('a', { whenFull: 'skip' }), 0)
    ask(state, asked('b', { whenFull: 'skip' }), 0)
    expect(news(state)).toEqual(['granted a', 'refused b'])
    expect(state.letters.at(-1)?.news.by).toBe('run-a')
    expect(state.waiting).toEqual([])
  })

  test('cancel_previous: those before have to leave, and only then their place is given', () => {
    const state = createLimit()
    ask(state, asked('a'), 0)
    ask(state, asked('b'), 0)
    ask(state, asked('c', { whenFull: 'cancel_previous' }), 0)
    expect(news(state)).toEqual(['granted a', 'refused b', 'superseded a'])
    expect(tokens(state.holders)).toEqual(['a'])
    ask(state, asked('d', { whenFull: 'cancel_previous' }), 0)
    // `a` is told once; `c` had none yet.
    expect(news(state).slice(3)).toEqual(['refused c'])
    leave(state, 'a', 0)
    expect(tokens(state.holders)).toEqual(['d'])
  })

  test('cancel_previous under a greater limit: as many as are too many, the oldest first', () => {
    const state = createLimit()
    for (const token of ['a', 'b', 'c']) ask(state, asked(token, { limit: 3 }), 0)
    ask(state, asked('d', { limit: 2, whenFull: 'cancel_previous' }), 0)
    expect(news(state).slice(3)).toEqual(['superseded a', 'superseded b'])
    leave(state, 'b', 0)
    expect(tokens(state.holders)).toEqual(['a', 'c'])
    leave(state, 'a', 0)
    expect(tokens(state.holders)).toEqual(['c', 'd'])
  })
})

/** A run as it behaves: it asks, may ask again, works, leaves, or is terminated at any time. */
interface Asker {
  ask: LimitAsk
  is: 'waiting' | 'working' | 'leaving' | 'over'
  isTerminated?: boolean
}

/** Messages in both directions come twice, late and in any order; none is lost for good that Temporal would not lose. */
function world(seed: number) {
  const random = seededRandom(seed)
  const pick = (below: number) => Math.floor(random() * below)
  const state = createLimit()
  const askers = new Map<string, Asker>()
  const toKeeper: (() => void)[] = []
  const letters: LimitLetter[] = []
  const granted: Asker[] = []
  let count = 0
  let now = 0

  const send = (message: () => void) => {
    toKeeper.push(message)
    if (pick(5) === 0) toKeeper.push(message)
  }
  const working = () => [...askers.values()].filter(({ is }) => is === 'working' || is === 'leaving')
  const check = () => {
    const { length } = state.holders
    expect(new Set(tokens([...state.holders, ...state.waiting])).size).toBe(length + state.waiting.length)
    // Nobody works who is not counted.
    for (const { ask: own, isTerminated } of working())
      if (!isTerminated) expect(tokens(state.holders)).toContain(own.token)
    if (state.waiting.length > 0) expect(length).toBeGreaterThanOrEqual(state.limit)
  }
  const hear = ({ news: { token, kind } }: LimitLetter) => {
    const asker = askers.get(token)
    if (!asker || asker.isTerminated) return
    if (kind === 'granted') {
      if (asker.is === 'waiting') {
        asker.is = 'working'
        granted.push(asker)
      } else if (asker.is === 'over') send(() => leave(state, token, now))
    } else if (kind === 'refused' && asker.is === 'waiting') asker.is = 'over'
    else if (kind === 'superseded' && asker.is !== 'over') {
      asker.is = 'over'
      send(() => leave(state, token, now))
    }
  }
  const deliver = () => {
    const before = state.limit
    const held = new Set(tokens(state.holders))
    const line = tokens(inOrder(state.waiting))
    toKeeper.splice(pick(toKeeper.length), 1)[0]?.()
    const added = state.holders.filter(({ token }) => !held.has(token))
    if (added.length > 0) {
      expect(state.holders.length).toBeLessThanOrEqual(Math.max(before, state.limit))
      // In their order, as far as they waited before.
      const fromLine = line.filter((token) => added.some((each) => each.token === token))
      expect(tokens(added).filter((token) => line.includes(token))).toEqual(fromLine)
    }
    for (const letter of state.letters.splice(0)) {
      letters.push(letter)
      if (pick(6) === 0) letters.push(letter)
    }
    check()
  }
  const step = () => {
    now += 1
    const all = [...askers.values()].filter(({ is }) => is !== 'over')
    const one = all[pick(all.length)]
    switch (pick(8)) {
      case 0:
      case 1: {
        const own = asked(`t${count++}`, {
          priority: 1 + pick(5),
          limit: pick(6) === 0 ? 1 + pick(4) : 2,
          whenFull: pick(8) === 0 ? 'skip' : pick(12) === 0 ? 'cancel_previous' : 'queue',
        })
        askers.set(own.token, { ask: own, is: 'waiting' })
        return send(() => ask(state, own, now))
      }
      case 2:
      case 3:
        if (toKeeper.length > 0) deliver()
        return
      case 4:
        if (letters.length > 0) hear(letters.splice(pick(letters.length), 1)[0] as LimitLetter)
        return
      case 5:
        // Its execution continued as new, or was reset.
        if (one?.is === 'waiting') send(() => ask(state, one.ask, now))
        return
      case 6:
        if (!one) return
        if (one.is === 'waiting' && pick(3) > 0) return
        one.is = 'over'
        return send(() => leave(state, one.ask.token, now))
      default:
        if (!one || pick(4) > 0) return
        one.isTerminated = true
        one.is = 'over'
    }
  }
  /** What the look finds. */
  const sweep = () => {
    for (const { ask: own, isTerminated } of askers.values()) if (isTerminated) leave(state, own.token, now)
    letters.push(...state.letters.splice(0))
    check()
  }
  const settle = () => {
    for (let round = 0; round < 10_000; round += 1) {
      while (toKeeper.length > 0) deliver()
      while (letters.length > 0) hear(letters.splice(pick(letters.length), 1)[0] as LimitLetter)
      if (toKeeper.length > 0) continue
      sweep()
      if (letters.length > 0) continue
      const [busy] = working().filter(({ isTerminated }) => !isTerminated)
      if (!busy) return
      busy.is = 'over'
      send(() => leave(state, busy.ask.token, now))
    }
  }
  return { step, settle, state, askers }
}

test('whatever comes when and how often: never too many, in order, and nobody waits for ever', () => {
  const first = Math.floor(Math.random() * 1e9)
  for (let seed = first; seed < first + 100; seed += 1) {
    try {
      const { step, settle, state, askers } = world(seed)
      for (let count = 0; count < 150; count += 1) step()
      settle()
      expect([...askers.values()].filter(({ is }) => is === 'waiting')).toEqual([])
      expect(isIdle(state)).toBe(true)
    } catch (error) {
      throw new Error(`seed ${seed}`, { cause: error })
    }
  }
})
