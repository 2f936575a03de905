import { describe, expect, test } from 'vitest'
import { decideRestart as decide, defaultRestartPolicy } from '../../src/dev-stack/restart-policy.ts'

const { quickDeathMs } = defaultRestartPolicy
const decideRestart = (livesMs: number[]) => decide(livesMs, defaultRestartPolicy)
const quick = (count: number): number[] => Array.from({ length: count }, () => 5)

describe('a process that dies', () => {
  test('is started again at once the first time', () => {
    expect(decideRestart([5])).toEqual({ action: 'restart', delayMs: 0 })
    expect(decideRestart([quickDeathMs])).toEqual({ action: 'restart', delayMs: 0 })
  })

  test('waits ever longer, at most five seconds, and then not at all', () => {
    const delays = [2, 3, 4, 5, 6, 7, 8].map((count) => {
      const decision = decideRestart(quick(count))
      return decision.action === 'restart' ? decision.delayMs : decision.action
    })
    expect(delays).toEqual([250, 500, 1_000, 2_000, 4_000, 5_000, 'give_up'])
  })

  test('has a clean slate after a life that lasted', () => {
    expect(decideRestart([...quick(7), quickDeathMs])).toEqual({ action: 'restart', delayMs: 0 })
    expect(decideRestart([...quick(7), quickDeathMs, 5, 5])).toEqual({ action: 'restart', delayMs: 250 })
  })
})
