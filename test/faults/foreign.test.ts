import { afterAll, beforeAll, expect, it } from 'vitest'
import { killBatch } from './batch.ts'
import { Ties, type Trial } from './trial.ts'
import { judgeAll, nothingLeft } from './verdict.ts'
import { startForeignWorld, type World } from './worlds.ts'

let world: World
let ties: Ties
beforeAll(async () => {
  world = await startForeignWorld()
  ties = new Ties(world)
})
afterAll(() => world?.stop())

it('a kill at any point costs time, and no step', async () => {
  const trials: Trial[] = []
  const since = world.seen()
  for (const seed of [1, 2, 3, 4, 5]) {
    const t = Date.now()
    trials.push(...(await killBatch({ world, ties, seed })))
    console.log(seed, Date.now() - t)
  }
  const t = Date.now()
  await judgeAll(world, ties, trials, { since })
  console.log('judged', Date.now() - t)
  await nothingLeft(world)
  for (const x of trials)
    console.log(x.name, x.seed, x.victim, x.shape, x.isHit, x.missed, x.view?.status, x.violations)
  expect(trials.flatMap(({ violations }) => violations)).toEqual([])
}, 300_000)
