import { expect, it } from 'vitest'
import { createSlots, type Slots } from '../../src/workflows/slots.ts'

/** As Temporal's `condition`: whoever waits is told together, before any of them goes on. */
function conditions() {
  const waiting: { holds: () => boolean; go: () => void }[] = []
  return {
    wait: (holds: () => boolean) => new Promise<void>((go) => waiting.push({ holds, go })),
    async check() {
      for (const each of waiting.filter(({ holds }) => holds())) {
        waiting.splice(waiting.indexOf(each), 1)
        each.go()
      }
      await new Promise(setImmediate)
    },
  }
}

async function enter(slots: Slots, reentry = false): Promise<void> {
  for (let wait = slots.take(reentry); wait; wait = slots.take(reentry)) await wait
}

it('never lets more in than there is room for, however many wait', async () => {
  const { wait, check } = conditions()
  const slots = createSlots(2, wait)
  let inside = 0
  for (let i = 0; i < 10; i += 1) void enter(slots).then(() => (inside += 1))
  await check()
  expect(inside).toBe(2)
  for (let out = 1; out <= 8; out += 1) {
    slots.giveBack()
    await check()
    expect(inside).toBe(2 + out)
  }
})

it('lets in at once what was there before', async () => {
  const { wait, check } = conditions()
  const slots = createSlots(1, wait)
  await enter(slots, true)
  await enter(slots, true)
  let entered = false
  void enter(slots).then(() => (entered = true))
  slots.giveBack()
  await check()
  expect(entered).toBe(false)
  slots.giveBack()
  await check()
  expect(entered).toBe(true)
})
