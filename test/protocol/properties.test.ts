import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import {
  advance,
  beginTrigger,
  mayHaveUnknownRun,
  nextEffect,
  type OwnJob,
  type SeenRun,
  type TriggerEvent,
  type TriggerPolicy,
  type TriggerState,
} from '../../src/protocol/index.ts'
import { check, ownJob, stranger } from './checker/check-all.ts'
import { createNetwork, fatesOf } from './checker/network.ts'
import type { Forks } from './checker/schedules.ts'
import { leftBehind, runStep } from './checker/step.ts'
import { createWorld, ours, tickMs } from './checker/world.ts'

/**
 * What is too much to enumerate: long random schedules, and events in any order. fast-check prints the seed and the smallest failing
 * case by itself.
 */
const parameters = { numRuns: 3_000 }

const ms = fc.nat(100_000)
const text = fc.constantFrom('a', 'b', 'c')
const run: fc.Arbitrary<SeenRun> = fc.record({
  jobRunId: text,
  jobId: fc.constantFrom('j', 'other'),
  status: fc.constantFrom('running', 'completed', 'unheard of'),
  createdAt: fc.constantFrom('2026-01-01T00:00:00', '2026-01-02T00:00:00+05:00', '', 'nonsense'),
  createdBy: fc.constantFrom('', 'us', 'you'),
  sameConfig: fc.constantFrom(null, true, false),
})
const before = fc.option(
  fc.record({ createdAt: fc.constant('2026-01-01T00:00:00'), jobRunIds: fc.array(text) }),
)
const job: fc.Arbitrary<OwnJob> = fc.record({
  jobId: fc.constant('j'),
  isOwn: fc.boolean(),
  madeAtMs: ms,
  creator: fc.constantFrom('', 'us'),
  before,
  isMarked: fc.boolean(),
})
const anyEvent: fc.Arbitrary<TriggerEvent> = fc.oneof(
  fc.record({ kind: fc.constant('job_ready' as const), job }),
  fc.record({ kind: fc.constant('posting' as const), atMs: ms }),
  fc.record({ kind: fc.constant('posted' as const), run }),
  fc.record({ kind: fc.constant('not_sent' as const), atMs: ms, retryAfterMs: ms, problem: text }),
  fc.record({
    kind: fc.constant('refused' as const),
    atMs: ms,
    code: text,
    message: text,
    isMissing: fc.boolean(),
  }),
  fc.record({ kind: fc.constant('unknown' as const), atMs: ms, before }),
  fc.record({
    kind: fc.constant('listed' as const),
    begunAtMs: ms,
    runs: fc.array(run, { maxLength: 4 }),
    isComplete: fc.boolean(),
  }),
  fc.record({ kind: fc.constant('extra_over' as const), jobRunId: text }),
  fc.record({ kind: fc.constant('adopt' as const), run }),
  fc.constant({ kind: 'trigger_again' as const }),
  fc.constant({ kind: 'give_up' as const }),
)
const anyPolicy: fc.Arbitrary<TriggerPolicy> = fc.record({
  mode: fc.constantFrom('strict', 'bounded'),
  deliveryMs: ms,
  listingMs: ms,
  sendingMs: ms,
})

/** Sends only as many POSTs as a person asked for, where nothing proves that none arrived. */
function holds(earlier: TriggerState, state: TriggerState, event: TriggerEvent, policy: TriggerPolicy): void {
  const isOver = (phase: TriggerState['phase']) => ['adopted', 'refused', 'abandoned'].includes(phase)
  if (isOver(earlier.phase)) expect(state.phase).toBe(earlier.phase)
  if (earlier.phase === 'adopted') expect(state.run).toEqual(earlier.run)
  expect(state.unsettled).toBeGreaterThanOrEqual(0)
  expect(state.posts).toBeGreaterThanOrEqual(state.unsettled)
  if (state.posts < earlier.posts) expect(['not_sent', 'refused']).toContain(event.kind)
  if (state.unsettled < earlier.unsettled && event.kind === 'listed' && !state.run)
    expect([policy.mode, event.isComplete, state.job?.isOwn]).toEqual(['bounded', true, true])
  if (earlier.unsettled > 0 && state.phase === 'post' && earlier.phase !== 'post' && state.unsettled > 0)
    expect(['trigger_again', 'not_sent', 'refused']).toContain(event.kind)
  if (state.phase === 'refused') expect(mayHaveUnknownRun(state)).toBe(false)
}

describe('any events in any order', () => {
  it('give a state that goes on, survives being carried over, and forgets no POST', () => {
    fc.assert(
      fc.property(fc.array(anyEvent, { maxLength: 30 }), anyPolicy, ms, (events, policy, nowMs) => {
        let state = beginTrigger()
        for (const event of events) {
          const carried = JSON.parse(JSON.stringify(state)) as TriggerState
          expect(carried).toEqual(state)
          const next = advance(state, event, policy)
          expect(advance(carried, event, policy)).toEqual(next)
          expect(nextEffect(next, policy, nowMs).kind).toBeTypeOf('string')
          holds(state, next, event, policy)
          state = next
        }
      }),
      parameters,
    )
  })
})

describe('long random schedules', () => {
  /** Forks that a list of numbers decides; where it ends, the first way is gone. */
  function forksOf(numbers: readonly number[]): Forks {
    let next = 0
    const pick = <T>(options: readonly T[]): T => options[(numbers[next++] ?? 0) % options.length] as T
    return { pick, pickWeighted: (options) => pick(options)[0] }
  }

  const bounds = fc.record({
    delivery: fc.nat(40),
    listing: fc.nat(20),
    timeout: fc.integer({ min: 1, max: 10 }),
  })

  it('generations one after the other, with honest bounds: one run for each that completes', () => {
    fc.assert(
      fc.property(
        bounds,
        fc.nat(8),
        fc.integer({ min: 1, max: 5 }),
        fc.array(fc.nat(1_000_000), { minLength: 100, maxLength: 400 }),
        (bound, sendingTicks, generations, numbers) => {
          const forks = forksOf(numbers)
          const options = {
            bounds: bound,
            sendingTicks,
            heartbeatTicks: 1,
            mostNotSent: 3,
            isShared: false,
            shortLists: true,
          }
          const fates = fatesOf(options)
          for (let generation = 0; generation < generations; generation += 1) {
            const world = createWorld([stranger('of somebody else', -1)])
            const end = runStep(world, createNetwork(forks, options, fates), {
              policy: {
                mode: 'bounded',
                deliveryMs: bound.delivery * tickMs,
                listingMs: bound.listing * tickMs,
                sendingMs: sendingTicks * tickMs,
              },
              job: ownJob,
              sendingTicks,
              mostAgain: 0,
              mostPosts: 8,
              maybe: (what) => forks.pick([false, false, false, what !== 'cancel' || generation === 0]),
              decide: (_, words) => forks.pick(words),
              onCancel: () => forks.pick(['at_once', 'later', 'ignored', 'completes_first']),
            })
            check(ours(world).length <= 1, 'a run was doubled')
            check(
              end.kind !== 'completed' || end.byPerson || ours(world).length === 1,
              'completed without a run',
            )
            check(end.postsAfterIntent === 0, 'triggered after the cancel')
            check(
              end.kind !== 'cancelled' || end.isUnknown || leftBehind(world).length === 0,
              'left behind, and nobody told',
            )
          }
        },
      ),
      parameters,
    )
  })
})
