/**
 * Holds the times of schedules against a real Temporal: every IANA zone that changes its clock in 2025 to 2030, crons at each hour and some
 * that are awkward, for some days around each change; with `--whole` all days of all those years, which takes an hour. Exits 1 on a difference.
 */
import { homedir } from 'node:os'
import path from 'node:path'
import type { Client } from '@temporalio/client'
import { acquireTemporalBinary } from '../src/dev-stack/temporal-cli/dev-server.ts'
import { connectTemporal } from '../src/temporal/index.ts'
import { startDevServer } from '../test/helpers/dev-server.ts'
import { type Comparison, compareAll, type Range, told } from '../test/schedule/times/matching-times.ts'
import { daysOfChange } from '../test/schedule/times/oracle.ts'

const dayMs = 86_400_000
const atOnce = 4
const crons = [
  ...Array.from({ length: 24 }, (_, hour) => `30 ${hour} * * *`),
  '0 0 * * *',
  '*/20 0-3 * * *',
  '59 23 1-7 * SUN',
  '15 2 * 3,4,9,10,11 SUN',
  '30 2 29 2 *',
]
const isWhole = process.argv.includes('--whole')
const startedAt = performance.now()
const zones = Intl.supportedValuesOf('timeZone')
  .map((name) => ({ name, changes: daysOfChange(name) }))
  .filter(({ changes }) => changes.length > 0)
const sum = { zones: zones.length, changes: 0, crons: crons.length, ticks: 0, differences: 0 }

const { path: binary } = await acquireTemporalBinary({ cacheDir: path.join(homedir(), '.cache') })
const server = await startDevServer({ binary, stock: true })
const client = await connectTemporal({ address: server.address, namespace: 'default' })
try {
  const waiting = zones.values()
  const lane = async () => {
    for (const zone of waiting) await checkZone(client, zone)
  }
  await Promise.all(Array.from({ length: atOnce }, lane))
} finally {
  await client.connection.close()
  await server.stop()
}
console.log({ ...sum, seconds: Math.round((performance.now() - startedAt) / 1000) })
process.exitCode = sum.differences === 0 ? 0 : 1

async function checkZone(
  client: Client,
  { name, changes }: { name: string; changes: number[] },
): Promise<void> {
  const specs = crons.map(
    (cron) =>
      ({ cron, timezone: name, dst: { gap: 'next', fold: 'first' }, jitterMs: 0, untilMs: null }) as const,
  )
  for (let fromMs = Date.UTC(2025, 0, 1); fromMs < Date.UTC(2031, 0, 1); fromMs = told(fromMs).endMs) {
    const within = told(fromMs)
    const ranges = isWhole ? [within] : changes.flatMap((change) => around(change, within))
    report(name, await compareAll(client, name, specs, fromMs, ranges))
  }
  sum.changes += changes.length
}

function around(change: number, within: Range): Range[] {
  const startMs = Math.max(change - 2 * dayMs, within.startMs)
  const endMs = Math.min(change + 3 * dayMs, within.endMs)
  return startMs < endMs ? [{ startMs, endMs }] : []
}

function report(zone: string, { ticks, missing, extra }: Comparison): void {
  sum.ticks += ticks
  sum.differences += missing.length + extra.length
  for (const one of missing) console.log(`${zone}  ${one}  Temporal does not have it`)
  for (const one of extra) console.log(`${zone}  ${one}  Temporal has it besides`)
}
