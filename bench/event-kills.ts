import { breachesOf, followUnderKills } from '../test/faults/event-kills.ts'

/** One reader of a pipeline run's events while the server is killed again and again: `node bench/event-kills.ts [KILLS]`. */
const kills = Number(process.argv[2] ?? 200)
const began = performance.now()
const followed = await followUnderKills(kills, (line) => process.stderr.write(`${line}\n`))
const breaches = breachesOf(followed)
const seconds = Math.round((performance.now() - began) / 1000)
const { events, view } = followed
console.log(
  JSON.stringify({
    kills: followed.kills,
    seconds,
    events: events.length,
    lines: view.steps.length,
    status: view.status,
    breaches,
  }),
)
process.exitCode = breaches.length === 0 ? 0 : 1
