import { parseArgs } from 'node:util'
import { breachesOfTicks, tickUnderKills } from './schedule-kills.ts'

/** `node test/faults/schedules.ts [--kills 20] [--seed N] [--edited]`: a schedule of every two seconds under kills, for as long as it takes. */
const { values } = parseArgs({
  options: {
    kills: { type: 'string', default: '20' },
    seed: { type: 'string', default: String(Date.now()) },
    edited: { type: 'boolean', default: false },
  },
})
const { kills, seed, edited } = values
const say = (line: string) => process.stderr.write(`${line}\n`)
const ticked = await tickUnderKills({ kills: Number(kills), seed, isEdited: edited }, say)
const breaches = breachesOfTicks(ticked)
const outcomes = Object.fromEntries(
  [...Map.groupBy(ticked.rows, ({ outcome, reason }) => `${outcome} ${reason ?? ''}`.trim())].map(
    ([kind, rows]) => [kind, rows.length],
  ),
)
const summary = {
  seed,
  kills: ticked.kills,
  edits: ticked.edits,
  runs: ticked.runs.length,
  outcomes,
  breaches,
}
process.stdout.write(`${JSON.stringify(summary, null, 2)}\n`)
process.exitCode = breaches.length === 0 ? 0 : 1
