import { expect, it } from 'vitest'
import { killBatch } from './batch.ts'
import { quickKinds, scriptBatch } from './scripts.ts'
import { brokenOf, hitsOf, type Ties } from './trial.ts'
import { judgeAll } from './verdict.ts'
import type { World } from './worlds.ts'

/** Each has a victim of its own: see `batch.ts`. */
const seeds = [1, 4]
/** Each takes longer than a kill: a POST may wait for ten seconds. */
const scriptSeeds = [1]

/** Kills and faults on a world that is there once the tests run. `npm run test:faults` tries many more seeds. */
export function itSurvivesKillsAndFaults(
  there: () => { world: World; ties: Ties },
  beforeKills: () => void = () => {},
): void {
  it('a kill at any point costs time, and no step', async () => {
    beforeKills()
    const { world, ties } = there()
    const since = world.seen()
    const trials = []
    for (const seed of seeds) trials.push(...(await killBatch({ world, ties, seed })))
    await judgeAll(world, ties, trials, { since })
    expect(brokenOf(trials)).toEqual([])
    // Which of them are hit is chance; that none of these is broken says nothing of those that were not.
    expect(hitsOf(trials)).toBeGreaterThan(trials.length / 4)
  }, 480_000)

  it('whatever goes wrong on the way, nothing is triggered twice', async () => {
    for (const seed of scriptSeeds) {
      const trials = await scriptBatch({ ...there(), seed }, quickKinds)
      expect(brokenOf(trials)).toEqual([])
    }
  }, 240_000)
}
