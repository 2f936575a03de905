import { parseArgs } from 'node:util'
import { killBatch } from './batch.ts'
import { scriptBatch, scriptOf } from './scripts.ts'
import { Ties, type Trial } from './trial.ts'
import { judgeAll, nothingLeft } from './verdict.ts'
import { startForeignWorld, startOwnWorld, type World } from './worlds.ts'

/**
 * `npm run test:faults [-- --seeds 200 --seed N --case NAME --minutes 60 --json]`: real processes are killed, and exchanges go wrong, over
 * as many seeds as the time allows. Progress is on stderr, the summary on stdout. Ends with 1 when a promise was broken.
 */
const { values } = parseArgs({
  options: {
    seeds: { type: 'string', default: '200' },
    seed: { type: 'string' },
    case: { type: 'string' },
    minutes: { type: 'string', default: '60' },
    json: { type: 'boolean', default: false },
  },
})
const only = values.case
const seeds =
  values.seed === undefined
    ? Array.from({ length: Number(values.seeds) }, (_, index) => index + 1)
    : [Number(values.seed)]
const endsAtMs = Date.now() + Number(values.minutes) * 60_000
const say = (line: string) => process.stderr.write(`${line}\n`)

const worlds: { name: string; start: () => Promise<World> }[] = [
  { name: 'foreign', start: startForeignWorld },
  { name: 'own, PGlite', start: () => startOwnWorld('pglite') },
  ...(process.env['JOBWRIGHT_TEST_DATABASE_URL']
    ? [{ name: 'own, PostgreSQL', start: () => startOwnWorld('postgres') }]
    : []),
]

const seedsAWorld = 5

interface Done {
  world: string
  trial: Trial
}

/** Some seeds of one world, in processes of their own, judged together. */
async function roundOf(name: string, start: () => Promise<World>, some: readonly number[]): Promise<Done[]> {
  const world = await start()
  const trials: Trial[] = []
  try {
    const ties = new Ties(world)
    const since = world.seen()
    for (const seed of some) trials.push(...(await killBatch({ world, ties, seed, only })))
    await judgeAll(world, ties, trials, { since })
    for (const seed of some) {
      if (Date.now() > endsAtMs) break
      trials.push(...(await scriptBatch({ world, ties, seed, only })))
    }
    await nothingLeft(world)
  } finally {
    await world.stop()
  }
  return trials.map((trial) => ({ world: name, trial }))
}

function report(done: readonly Done[]): number {
  const broken = done.filter(({ trial }) => trial.violations.length > 0)
  const cases = [...Map.groupBy(done, ({ world, trial }) => `${world}: ${trial.name}`)].map(
    ([name, all]) => ({
      case: name,
      trials: all.length,
      hits: all.filter(({ trial }) => trial.isHit).length,
      broken: all.filter(({ trial }) => trial.isHit && trial.violations.length > 0).length,
    }),
  )
  const violations = broken.map(({ world, trial: { name, seed, victim, shape, id, violations: what } }) => ({
    ...{ world, case: name, seed, victim, shape, id, violations: what },
    again: `npm run test:faults -- --seed ${seed} --case ${name}`,
    ...(victim === 'script' && {
      script: scriptOf({ modes: name.startsWith('fenced') ? ['fenced'] : ['strict'] }, seed),
    }),
  }))
  const hits = cases.reduce((sum, one) => sum + one.hits, 0)
  if (values.json) console.log(JSON.stringify({ hits, cases, violations }, null, 2))
  else {
    console.log(`${'case'.padEnd(44)}  trials   hits broken`)
    for (const { case: name, trials, hits: own, broken: bad } of cases)
      console.log(
        `${name.padEnd(44)} ${[trials, own, bad].map((count) => String(count).padStart(7)).join('')}`,
      )
    console.log(`${hits} trials hit work under way; ${violations.length} broke a promise`)
    for (const violation of violations) console.log(JSON.stringify(violation))
  }
  return violations.length
}

const done: Done[] = []
let failures = 0
for (let at = 0; at < seeds.length && Date.now() < endsAtMs; at += seedsAWorld) {
  const some = seeds.slice(at, at + seedsAWorld)
  for (const { name, start } of worlds) {
    if (Date.now() > endsAtMs) break
    try {
      const round = await roundOf(name, start, some)
      done.push(...round)
      const hit = round.filter(({ trial }) => trial.isHit).length
      const bad = round.filter(({ trial }) => trial.violations.length > 0)
      say(
        `seeds ${some[0]}–${some.at(-1)}, ${name}: ${round.length} trials, ${hit} hit, ${bad.length} broken`,
      )
      for (const { trial } of bad) say(`  ${trial.name} seed ${trial.seed}: ${trial.violations.join('; ')}`)
    } catch (error) {
      failures += 1
      say(`seeds ${some[0]}–${some.at(-1)}, ${name}: ${error instanceof Error ? error.stack : String(error)}`)
    }
  }
}
process.exit(report(done) + failures > 0 || done.length === 0 ? 1 : 0)
