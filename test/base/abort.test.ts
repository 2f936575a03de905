import { getEventListeners } from 'node:events'
import { expect, test } from 'vitest'
import { aborted, atMost, inRound, pause } from '../../src/base/abort.ts'

const hour = 3_600_000
const listeners = (signal: AbortSignal): number => getEventListeners(signal, 'abort').length

test('a pause ends with its signal, and leaves nothing on it', async () => {
  const stop = new AbortController()
  const waiting = pause(hour, stop.signal)
  stop.abort()
  await waiting
  expect(listeners(stop.signal)).toBe(0)
  await pause(hour, stop.signal)
})

test('what has aborted is aborted at once', async () => {
  await aborted(AbortSignal.abort())
})

test('a promise is waited for, but not longer than said, and its failure is heard', async () => {
  await atMost(hour, Promise.resolve())
  await atMost(1, new Promise(() => {}))
  await expect(atMost(hour, Promise.reject(new Error('no')))).rejects.toThrow('no')
})

test('a round ends with its work, or with any of the signals, and leaves nothing on them', async () => {
  const [first, second] = [new AbortController(), new AbortController()]
  const signals = [first.signal, second.signal]
  let seen: AbortSignal | undefined
  await inRound(signals, async (round) => {
    expect([round.aborted, listeners(first.signal), listeners(second.signal)]).toEqual([false, 1, 1])
    seen = round
  })
  expect([seen?.aborted, listeners(first.signal), listeners(second.signal)]).toEqual([true, 0, 0])
  await inRound(signals, async (round) => {
    second.abort()
    expect(round.aborted).toBe(true)
  })
  await inRound(signals, async (round) => expect(round.aborted).toBe(true))
})

test('a round whose work fails is over, too', async () => {
  const { signal } = new AbortController()
  await expect(
    inRound([signal], async () => {
      throw new Error('no')
    }),
  ).rejects.toThrow('no')
  expect(listeners(signal)).toBe(0)
})
