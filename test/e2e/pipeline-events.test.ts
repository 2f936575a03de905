import { expect, test } from 'vitest'
import { breachesOf, followUnderKills } from '../faults/event-kills.ts'

test('a reader of events misses nothing and is told nothing twice while the server is killed', async () => {
  const followed = await followUnderKills(5)
  expect(breachesOf(followed)).toEqual([])
  expect(followed.kills).toBe(5)
  expect(followed.view.status).toBe('completed')
}, 240_000)
