import { expect, test } from 'vitest'
import { inBatches } from '../../src/base/batches.ts'

test('no more are under way at once, and results come in the order of the items', async () => {
  let underWay = 0
  let most = 0
  const results = await inBatches([5, 4, 3, 2, 1], 2, async (item) => {
    most = Math.max(most, ++underWay)
    await new Promise((resolve) => setImmediate(resolve))
    underWay -= 1
    return item * 10
  })
  expect(results).toEqual([50, 40, 30, 20, 10])
  expect(most).toBe(2)
  expect(await inBatches([], 2, async () => 1)).toEqual([])
})
