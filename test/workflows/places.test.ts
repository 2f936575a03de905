import { expect, it } from 'vitest'
import { createPlaces, enter as enterOf, type Places } from '../../src/workflows/places.ts'

function scope() {
  let cancel = (_error: unknown): void => {}
  const cancelRequested = new Promise<never>((_, reject) => {
    cancel = reject
  })
  cancelRequested.catch(() => {})
  return { cancelRequested, cancel }
}

const settled = () => new Promise(setImmediate)

async function enter(places: Places): Promise<void> {
  if (!(await enterOf(places))) throw new Error('sent away')
}

it('lets in one for each place that is given back, and who waits longest first', async () => {
  const places = createPlaces({ limit: 2, scope: scope() })
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
  const places = createPlaces({ limit: 1, scope: scope() })
  await enter(places)
  const order: string[] = []
  void enter(places).then(() => order.push('waited'))
  places.giveBack()
  expect(enterOf(places)).toBeInstanceOf(Promise)
  await settled()
  expect(order).toEqual(['waited'])
})

it('lets in at once what was there before', async () => {
  const places = createPlaces({ limit: 1, scope: scope() })
  const inside: number[] = []
  places.take(() => inside.push(1), true)
  places.take(() => inside.push(2), true)
  expect(inside).toEqual([1, 2])
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
  const places = createPlaces({ limit: 1, scope: { cancelRequested } })
  await enter(places)
  const waiting = [enter(places), enter(places)]
  const away = Promise.allSettled(waiting)
  cancel(new Error('cancelled'))
  expect((await away).map(({ status }) => status)).toEqual(['rejected', 'rejected'])
  await expect(enter(places)).rejects.toThrow('sent away')
})

it('lets nobody in any more once it is closed, and keeps who waits', async () => {
  const places = createPlaces({ limit: 1, scope: scope() })
  await enter(places)
  const inside: string[] = []
  void enter(places).then(() => inside.push('waited'))
  places.close()
  places.giveBack()
  void enter(places).then(() => inside.push('came later'))
  await settled()
  expect(inside).toEqual([])
  expect(places.taken()).toBe(0)
  places.open()
  await settled()
  expect(inside).toEqual(['waited'])
  places.giveBack()
  await settled()
  expect(inside).toEqual(['waited', 'came later'])
})

it('has no limit where it does not apply', () => {
  const places = createPlaces({ limit: 1, scope: scope(), applies: () => false })
  const inside: number[] = []
  for (let i = 0; i < 3; i += 1) places.take(() => inside.push(i))
  expect(inside).toEqual([0, 1, 2])
})

it('lets in hundreds that give back at once, one after the other', () => {
  const places = createPlaces({ limit: 1, scope: scope() })
  places.take(() => {})
  let depth = 0
  let deepest = 0
  let inside = 0
  for (let i = 0; i < 2_000; i += 1)
    places.take(() => {
      depth += 1
      deepest = Math.max(deepest, depth)
      inside += 1
      places.giveBack()
      depth -= 1
    })
  places.giveBack()
  expect({ inside, deepest }).toEqual({ inside: 2_000, deepest: 1 })
})
