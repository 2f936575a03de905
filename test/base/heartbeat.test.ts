import { describe, expect, test } from 'vitest'
import { heartbeatEveryMs } from '../../src/base/heartbeat.ts'

describe('Heartbeats', () => {
  test('of few activities are as often as is set', () => {
    for (const beside of [0, 1, 100, 200]) expect(heartbeatEveryMs(1_000, 10_000, beside)).toBe(1_000)
  })

  test('of many are 200 a second, until a cancel would be heard of too late', () => {
    for (const beside of [250, 300, 400])
      expect(beside / (heartbeatEveryMs(1_000, 10_000, beside) / 1_000)).toBe(200)
    expect(heartbeatEveryMs(1_000, 10_000, 10_000)).toBe(2_000)
  })

  test('are never rarer than a third of the time-out', () => {
    for (const beside of [0, 300, 10_000]) expect(heartbeatEveryMs(1_000, 1_500, beside)).toBe(500)
    expect(heartbeatEveryMs(1_000, undefined, 400)).toBe(2_000)
  })
})
