import type { Client, WorkflowExecutionStatusName } from '@temporalio/client'
import { expect, test } from 'vitest'
import { lookForGone } from '../../src/activities/limits/look-for-gone.ts'
import { createLimits } from '../../src/activities/limits/temporal-limits.ts'
import type { AskerState, Limits } from '../../src/activities/limits/types.ts'
import { installationNames } from '../../src/contract/names.ts'
import type { LimitHolder } from '../../src/limit/index.ts'

const execution = { workflowId: 'limit', runId: 'x' }
const closed = (run: string): AskerState => ({
  kind: 'closed',
  workflowId: run,
  runId: 'r',
  closedAtMs: Date.now(),
})

function asker(run: string): LimitHolder {
  return {
    token: `token-${run}`,
    run,
    firstExecutionRunId: run,
    limit: 1,
    priority: 3,
    whenFull: 'queue',
    arrival: 1,
    sinceMs: 0,
  }
}

/** Runs that hold and wait, and how they stand; the list shows those of `listed`. */
function limits(
  holders: string[],
  waiting: string[],
  states: Record<string, AskerState>,
  listed: string[] | 'no lists' = [],
): Limits {
  return {
    ask: () => Promise.reject(new Error('nobody asks')),
    read: async () => ({ limit: 1, holders: holders.map(asker), waiting: waiting.map(asker) }),
    listedAsOpen: async () => {
      if (listed === 'no lists') throw new Error('this server has none')
      return new Set(listed)
    },
    stateOf: async ({ run }) => states[run] ?? { kind: 'open' },
  }
}

const look = (of: Limits, settle = async () => true) => lookForGone(of, execution, settle)

test('while nobody waits nobody is looked for', async () => {
  expect(await look(limits(['a'], [], { a: { kind: 'over' } }))).toEqual({ gone: [] })
})

test('what a list does not show yet is asked for, and nobody is gone who is open', async () => {
  const failure = expect.objectContaining({ type: 'nobody_gone', category: 'BENIGN', nonRetryable: false })
  await expect(look(limits(['a'], ['b'], {}))).rejects.toEqual(failure)
  await expect(look(limits(['a'], ['b'], { a: { kind: 'over' } }, ['a', 'b']))).rejects.toEqual(failure)
})

test('those that are over are gone, also on a server without lists', async () => {
  const states: Record<string, AskerState> = { a: { kind: 'over' }, c: closed('c') }
  expect(await look(limits(['a'], ['b', 'c'], states, 'no lists'))).toEqual({ gone: ['token-a', 'token-c'] })
})

test('the place of a run that was closed from outside is free once none of its job runs is active', async () => {
  let isOver = false
  const of = limits(['a'], ['b'], { a: closed('a') })
  await expect(look(of, async () => isOver)).rejects.toMatchObject({ type: 'nobody_gone' })
  isOver = true
  expect(await look(of, async () => isOver)).toEqual({ gone: ['token-a'] })
  const long = { ...closed('a'), closedAtMs: 0 } as AskerState
  expect(await look(limits(['a'], ['b'], { a: long }), async () => false)).toEqual({ gone: ['token-a'] })
})

test('a run that somebody halted in Temporal keeps its place, one that was terminated does not', async () => {
  const stateOf = (name: WorkflowExecutionStatusName) => {
    const description = { status: { name, code: 0 }, raw: {}, runId: 'r' }
    // Only a server that has it switched on halts workflows.
    const client = { workflow: { getHandle: () => ({ describe: async () => description }) } }
    const { stateOf } = createLimits(client as unknown as Client, installationNames())
    return stateOf({ run: 'a', firstExecutionRunId: 'a' })
  }
  expect(await stateOf('PAUSED')).toEqual({ kind: 'open' })
  expect(await stateOf('TERMINATED')).toMatchObject({ kind: 'closed' })
})
