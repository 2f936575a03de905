import { afterAll, beforeAll, expect, it } from 'vitest'
import { killBatch } from './batch.ts'
import { quickKinds, scriptBatch } from './scripts.ts'
import { brokenOf, neverHit, Ties } from './trial.ts'
import { judgeAll, nothingLeft } from './verdict.ts'
import { startOwnWorld, type World } from './worlds.ts'

/** Kills and faults on our own server. `npm run test:faults` tries many more seeds, and PostgreSQL. */

let world: World
let ties: Ties
beforeAll(async () => {
  world = await startOwnWorld()
  ties = new Ties(world)
})
afterAll(() => world?.stop())

const seeds = [1, 2, 3, 4, 5]
/** Each takes longer than a kill: a POST may wait for ten seconds. */
const scriptSeeds = [1, 2]

it('a kill at any point costs time, and no step', async () => {
  const since = world.seen()
  const trials = []
  for (const seed of seeds) trials.push(...(await killBatch({ world, ties, seed })))
  await judgeAll(world, ties, trials, { since })
  expect(brokenOf(trials)).toEqual([])
  expect(neverHit(trials)).toEqual([])
}, 240_000)

it('whatever goes wrong on the way, nothing is triggered twice, and nothing is left behind', async () => {
  for (const seed of scriptSeeds) {
    const trials = await scriptBatch({ world, ties, seed }, quickKinds)
    expect(brokenOf(trials)).toEqual([])
  }
  await nothingLeft(world)
}, 240_000)
