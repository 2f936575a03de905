import { describe, expect, test } from 'vitest'
import { createTurns, type Rank, type Turns } from '../../../src/server/services/turns.ts'

const never = new AbortController().signal

function turnsAt(clock: { ms: number }): Turns {
  return createTurns({ slowMs: 500, now: () => clock.ms, random: () => 0 })
}

/** Takes all places there are. */
async function fill(turns: Turns): Promise<number> {
  const { limit } = turns.state()
  for (let taken = 0; taken < limit; taken += 1)
    expect(await turns.wait('rest', { patienceMs: 60_000, gone: never })).toBe('yours')
  return limit
}

describe('Turns', () => {
  test('are had by rank; who had one before goes before all but reports', async () => {
    const turns = turnsAt({ ms: 0 })
    await fill(turns)
    const order: string[] = []
    const wait = (rank: Rank) =>
      turns.wait(rank, { patienceMs: 60_000, gone: never }).then(() => order.push(rank))
    const waiting = [
      wait('rest'),
      wait('follow'),
      turns.again('rest').then(() => order.push('again')),
      wait('report'),
    ]
    for (let ended = 1; ended <= waiting.length; ended += 1) {
      turns.release()
      while (order.length < ended) await new Promise((resolve) => setImmediate(resolve))
    }
    expect(order).toEqual(['report', 'again', 'follow', 'rest'])
  })

  test('grow fast until one is slow, and are cut once for all that were under way then', async () => {
    const clock = { ms: 0 }
    const turns = turnsAt(clock)
    const first = await fill(turns)
    for (let quick = 0; quick < 12; quick += 1) turns.learn({ beganAt: 0, workedMs: 10 })
    const grown = turns.state().limit
    expect(grown).toBeGreaterThan(first)
    // What nobody needs is not learned.
    expect(grown).toBeLessThan(first + 12)
    clock.ms = 1_000
    for (let slow = 0; slow < 12; slow += 1) turns.learn({ beganAt: 100, workedMs: 900 })
    expect(turns.state().limit).toBe(Math.floor(grown * 0.75))
    clock.ms = 60_000
    for (let slow = 0; slow < 100; slow += 1) {
      turns.learn({ beganAt: clock.ms, workedMs: 900 })
      clock.ms += 1
    }
    expect(turns.state().limit).toBe(2)
  })

  test('that are refused come back one after another, within half a minute', async () => {
    const clock = { ms: 0 }
    const turns = turnsAt(clock)
    await fill(turns)
    turns.learn({ beganAt: 0, workedMs: 4_000 })
    expect(turns.expectedMs('rest')).toBeGreaterThan(0)
    const times = Array.from({ length: 50 }, () => turns.comeBackMs(0))
    expect(times).toEqual([...times].sort((a, b) => a - b))
    expect(new Set(times).size).toBe(50)
    for (let more = 0; more < 10_000; more += 1) expect(turns.comeBackMs(0)).toBeLessThanOrEqual(30_000)
    // What was taken up passes with time.
    clock.ms = 60_000
    expect(turns.comeBackMs(0)).toBeLessThan(1_000)
  })
})
