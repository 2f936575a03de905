import { expect, test } from 'vitest'
import { keysetPage } from '../../../src/server/store/paging.ts'
import { all } from './backends.ts'

/** A list of the numbers below `count`, and what was asked for it. */
function numbers(count: number, limit?: number) {
  const reads: number[] = []
  let made = 0
  const page = keysetPage<number, string, number>({
    limit,
    after: undefined,
    async read(after = -1, size) {
      reads.push(size)
      const rows = Array.from({ length: Math.min(size, count - after - 1) }, (_, index) => after + 1 + index)
      return { rows, more: after + 1 + rows.length < count }
    },
    key: (row) => row,
    itemMaker: async () => (row) => {
      made += 1
      return String(row)
    },
    encode: (key) => `after ${key}`,
  })
  return { page, reads, made: () => made }
}

test('a long list is read a hundred rows at a time, each made into an item only when it is its turn', async () => {
  const { page, reads, made } = numbers(350)
  const items: string[] = []
  for await (const item of page.items) {
    items.push(item)
    expect(made()).toBe(items.length)
  }
  expect(items).toHaveLength(350)
  expect(reads).toEqual([100, 100, 100, 100])
  expect(page.nextCursor()).toBeNull()
})

test('a limit ends the list, with a cursor only when more follows', async () => {
  for (const [count, cursor] of [
    [251, 'after 249'],
    [250, null],
  ] as const) {
    const { page, reads } = numbers(count, 250)
    const items = await all(page)
    expect([items.length, reads, page.nextCursor()]).toEqual([250, [100, 100, 50], cursor])
  }
})
