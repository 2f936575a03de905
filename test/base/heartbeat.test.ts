import { describe, expect, test } from 'vitest'
import { heartbeatEveryMs } from '../../src/base/heartbeat.ts'

describe('Heartbeats', () => {
  test('of few activities are as often as is set', () => {
    for (const beside of [0, 1, 99, 100]) expect(heartbeatEveryMs(1_000, 10_000, beside)).toBe(1_000)
  })

  test('of many are 100 a second, until they would look lost', () => {
    for (const beside of [125, 200, 320])
      expect(beside / (heartbeatEveryMs(1_000, 10_000, beside) / 1_000)).toBe(100)
    expect(heartbeatEveryMs(1_000, 60_000, 10_000)).toBe(3_500)
  })

  test('are never rarer than a third of the time-out', () => {
    for (const beside of [0, 300, 10_000]) expect(heartbeatEveryMs(1_000, 1_500, beside)).toBe(500)
    expect(heartbeatEveryMs(1_000, 9_000, 10_000)).toBe(3_000)
    expect(heartbeatEveryMs(1_000, undefined, 200)).toBe(2_000)
  })
})
