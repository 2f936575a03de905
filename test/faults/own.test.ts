import { afterAll, beforeAll, expect, it } from 'vitest'
import { killBatch } from './batch.ts'
import { quickKinds, scriptBatch } from './scripts.ts'
import { brokenOf, hitsOf, Ties } from './trial.ts'
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

/** Each has a victim of its own: see `batch.ts`. */
const seeds = [1, 4]
/** Each takes longer than a kill: a POST may wait for ten seconds. */
const scriptSeeds = [1]

it('a kill at any point costs time, and no step', async () => {
  const since = world.seen()
  const trials = []
  for (const seed of seeds) trials.push(...(await killBatch({ world, ties, seed })))
  await judgeAll(world, ties, trials, { since })
  expect(brokenOf(trials)).toEqual([])
  // Which of them are hit is chance; that none of these is broken says nothing of those that were not.
  expect(hitsOf(trials)).toBeGreaterThan(trials.length / 2)
}, 240_000)

it('whatever goes wrong on the way, nothing is triggered twice, and nothing is left behind', async () => {
  for (const seed of scriptSeeds) {
    const trials = await scriptBatch({ world, ties, seed }, quickKinds)
    expect(brokenOf(trials)).toEqual([])
  }
  await nothingLeft(world)
}, 240_000)
