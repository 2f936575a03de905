import { expect, it } from 'vitest'
import { createLine } from '../../src/workflows/line.ts'
import { createPlaces, type Places } from '../../src/workflows/places.ts'

function scope() {
  let cancel = (_error: unknown): void => {}
  const cancelRequested = new Promise<never>((_, reject) => {
    cancel = reject
  })
  cancelRequested.catch(() => {})
  return { cancelRequested, cancel }
}

const settled = () => new Promise(setImmediate)

async function enter(places: Places, reentry = false): Promise<void> {
  const wait = places.take(reentry)
  if (wait) await wait
}

it('lets in one for each place that is given back, and who waits longest first', async () => {
  const places = createPlaces(2, createLine(scope()))
  const inside: number[] = []
  for (let i = 0; i < 10; i += 1) void enter(places).then(() => inside.push(i))
  await settled()
  expect(inside).toEqual([0, 1])
  for (let out = 1; out <= 8; out += 1) {
    places.giveBack()
    await settled()
    expect(inside).toEqual(Array.from({ length: 2 + out }, (_, i) => i))
  }
})

it('hands a place over, so that nobody comes between', async () => {
  const places = createPlaces(1, createLine(scope()))
  await enter(places)
  const order: string[] = []
  void enter(places).then(() => order.push('waited'))
  places.giveBack()
  expect(places.take(false)).toBeInstanceOf(Promise)
  await settled()
  expect(order).toEqual(['waited'])
})

it('lets in at once what was there before', async () => {
  const places = createPlaces(1, createLine(scope()))
  await enter(places, true)
  await enter(places, true)
  let entered = false
  void enter(places).then(() => {
    entered = true
  })
  places.giveBack()
  await settled()
  expect(entered).toBe(false)
  places.giveBack()
  await settled()
  expect(entered).toBe(true)
})

it('sends everybody away who waits when the scope is cancelled, and who comes later', async () => {
  const { cancelRequested, cancel } = scope()
  const places = createPlaces(1, createLine({ cancelRequested }))
  await enter(places)
  const waiting = [enter(places), enter(places)]
  const away = Promise.allSettled(waiting)
  cancel(new Error('cancelled'))
  expect((await away).map(({ status }) => status)).toEqual(['rejected', 'rejected'])
  await expect(enter(places)).rejects.toThrow('cancelled')
})
