import { expect, test } from 'vitest'
import { breachesOfTicks, tickUnderKills } from '../faults/schedule-kills.ts'

test('every tick is once in the ledger, and none fires twice, while server, worker and Temporal are killed', async () => {
  const seed = String(Date.now())
  const ticked = await tickUnderKills({ kills: 3, seed, isEdited: true })
  expect(breachesOfTicks(ticked), `seed ${seed}`).toEqual([])
  expect(ticked.runs.length).toBeGreaterThan(0)
}, 240_000)
