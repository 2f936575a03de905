import { afterAll, beforeAll, it } from 'vitest'
import { itSurvivesKillsAndFaults } from './kills.ts'
import { Ties } from './trial.ts'
import { nothingLeft } from './verdict.ts'
import { startOwnWorld, type World } from './worlds.ts'

/** Kills and faults on our own server. `npm run test:faults` tries PostgreSQL, too. */

let world: World
let ties: Ties
beforeAll(async () => {
  world = await startOwnWorld()
  ties = new Ties(world)
})
afterAll(() => world?.stop())

itSurvivesKillsAndFaults(() => ({ world, ties }))

it('in the end nothing is open', () => nothingLeft(world))
