import { Client, Connection } from '@temporalio/client'
import { expect, test } from 'vitest'
import { loadConfig } from '../../src/config.ts'
import { resolveOptions } from '../../src/pipelines/options.ts'

/** Nothing is asked of it. */
const client = new Client({ connection: Connection.lazy() })

test('without options everything is decided', async () => {
  const context = resolveOptions(client, {})
  expect(context).toMatchObject({
    workspace: undefined,
    timing: { waitLeaseMs: 21_600_000, stepHeartbeatMs: 5_000 },
  })
  expect(context.timing).not.toHaveProperty('maxHistoryEvents')
  expect(await context.owner()).toBeUndefined()
  expect(context.taskQueueFor(undefined)).toBe('jobwright')
})

test('pipelines go to the workers of the installation: the one that is named, else the one that the owner belongs to', () => {
  const owner = { workspace: 'w', email: 'a@b', installation: 'staging' }
  expect(resolveOptions(client, {}).taskQueueFor(owner)).toBe('jobwright.staging')
  expect(resolveOptions(client, { installation: 'other' }).taskQueueFor(owner)).toBe('jobwright.other')
})

test('an environment that says nothing of the timing leaves it at its defaults, and what it says counts', () => {
  const timingOf = (env: Record<string, string>) =>
    resolveOptions(client, { timing: loadConfig(env).timing }).timing
  expect(timingOf({})).toEqual(resolveOptions(client, {}).timing)
  const said = {
    JOBWRIGHT_WAIT_LEASE_MS: '7000',
    JOBWRIGHT_STEP_HEARTBEAT_MS: '700',
    JOBWRIGHT_SETTLE_MS: '70',
  }
  expect(timingOf(said)).toEqual({ waitLeaseMs: 7_000, stepHeartbeatMs: 700, settleMs: 70 })
})

test.each([
  ['as it is', { workspace: 'w', email: 'a@b' }],
  ['as a question', async () => ({ workspace: 'w', email: 'a@b' })],
])('an owner may be given %s', async (_how, owner) => {
  expect(await resolveOptions(client, { owner }).owner()).toEqual({ workspace: 'w', email: 'a@b' })
})
