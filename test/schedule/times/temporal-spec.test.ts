import { homedir } from 'node:os'
import path from 'node:path'
import type { Client, ScheduleSpec as ClientScheduleSpec } from '@temporalio/client'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { acquireTemporalBinary } from '../../../src/dev-stack/temporal-cli/dev-server.ts'
import type { ScheduleSpec } from '../../../src/schedule/plan/index.ts'
import { temporalSpec } from '../../../src/schedule/times/index.ts'
import { connectTemporal } from '../../../src/temporal/index.ts'
import { type DevServer, startDevServer } from '../../helpers/dev-server.ts'
import { compare } from './matching-times.ts'

const dayMs = 86_400_000
const march = Date.UTC(2026, 2, 3, 4, 5)

function specOf(cron: string, timezone = 'UTC', more: Partial<ScheduleSpec> = {}): ScheduleSpec {
  return { cron, timezone, dst: { gap: 'next', fold: 'first' }, jitterMs: 0, untilMs: null, ...more }
}

test('is the same all day, takes few calendars, and reaches over five times at least', () => {
  const nightly = specOf('30 2 * * *', 'Europe/Berlin')
  expect(temporalSpec(nightly, march)).toEqual(temporalSpec(nightly, march + 19 * 3_600_000))
  expect(temporalSpec(nightly, march).coversUntilMs).toBe(Date.UTC(2026, 2, 3) + 400 * dayMs)
  expect(temporalSpec(nightly, march).spec.calendars?.length).toBeLessThan(20)
  expect(
    temporalSpec(specOf('*/7 3-5,22 * * 1-5', 'Australia/Lord_Howe'), march).spec.calendars?.length,
  ).toBeLessThan(100)
  expect(temporalSpec(specOf('0 0 29 2 *'), march).coversUntilMs).toBe(Date.UTC(2044, 2, 1))
  // Further than Temporal's calendars go.
  expect(temporalSpec(specOf('0 0 29 2 1'), march)).toMatchObject({
    spec: { calendars: [{ year: [2044, 2072].map((year) => ({ start: year, end: year })) }] },
    coversUntilMs: Date.UTC(2100, 0, 1),
  })
})

test('is a spec of the client, with the end of the schedule', () => {
  const untilMs = Date.UTC(2026, 5, 1)
  const spec: ClientScheduleSpec = temporalSpec(specOf('0 0 * * *', 'UTC', { untilMs }), march).spec
  expect(spec).toMatchObject({ endAt: new Date(untilMs), timezone: 'UTC' })
})

describe('a real Temporal matches the ticks exactly', () => {
  let server: DevServer
  let client: Client
  beforeAll(async () => {
    const cacheDir = process.env['XDG_CACHE_HOME'] ?? path.join(homedir(), '.cache')
    const { path: binary } = await acquireTemporalBinary({ cacheDir })
    server = await startDevServer({ binary, stock: true })
    client = await connectTemporal({ address: server.address, namespace: 'default' })
  })
  afterAll(async () => {
    await client?.connection.close()
    await server?.stop()
  })

  test.each([
    specOf('30 2 * * *', 'Europe/Berlin'),
    specOf('30 1,2 * * *', 'Europe/Berlin', { dst: { gap: 'skip', fold: 'both' } }),
    specOf('*/10 1-2 * * *', 'Australia/Lord_Howe', { dst: { gap: 'shift', fold: 'first' } }),
    specOf('0 0 * * *', 'Asia/Beirut'),
    specOf('30 23 * * *', 'America/Santiago'),
    specOf('15 2 * * *', 'Africa/Casablanca'),
    specOf('0 1-3 * * *', 'Antarctica/Troll'),
    specOf('0 9 1-7 * MON', 'Asia/Kathmandu', { jitterMs: 600_000 }),
    specOf('45 0 31 * *', 'Pacific/Chatham', { untilMs: Date.UTC(2026, 9, 1) }),
  ])('$cron in $timezone', async (spec) => {
    expect(await compare(client, 'one', spec, march)).toMatchObject({ missing: [], extra: [] })
  })

  test('and those of an interval', async () => {
    const { cron: _, ...spec } = specOf('', 'UTC', {
      everyMs: 7 * 3_600_000,
      untilMs: Date.UTC(2026, 3, 1, 21),
    })
    const found = await compare(client, 'one', spec, march)
    expect(found).toMatchObject({ missing: [], extra: [] })
    expect(found.ticks).toBeGreaterThan(90)
  })
})
