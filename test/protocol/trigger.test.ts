import { describe, expect, it } from 'vitest'
import {
  advance,
  beginTrigger,
  mayHaveExtras,
  mayHaveUnknownRun,
  nextEffect,
  type OwnJob,
  type SeenRun,
  settledAtMs,
  type TriggerEvent,
  type TriggerPolicy,
  type TriggerState,
} from '../../src/protocol/index.ts'

const strict: TriggerPolicy = { mode: 'strict', deliveryMs: 6_000, listingMs: 2_000, sendingMs: 3_000 }
const bounded: TriggerPolicy = { ...strict, mode: 'bounded' }
const job: OwnJob = { jobId: 'j', isOwn: true, madeAtMs: 0, creator: 'us', before: null, isMarked: false }
const run = (jobRunId: string, more: Partial<SeenRun> = {}): SeenRun => ({
  jobRunId,
  jobId: 'j',
  status: 'running',
  createdAt: '2026-01-01T00:00:00',
  createdBy: 'us',
  sameConfig: null,
  ...more,
})

const ready: TriggerEvent = { kind: 'job_ready', job }
const posting = (atMs: number): TriggerEvent => ({ kind: 'posting', atMs })
const posted = (id: string): TriggerEvent => ({ kind: 'posted', run: run(id) })
const unknown = (atMs: number): TriggerEvent => ({ kind: 'unknown', atMs, before: null })
const notSent = (atMs: number, retryAfterMs = 0): TriggerEvent => ({
  kind: 'not_sent',
  atMs,
  retryAfterMs,
  problem: 'refused connection',
})
const refused = (atMs: number, isMissing = false): TriggerEvent => ({
  kind: 'refused',
  atMs,
  code: 'no',
  message: 'no',
  isMissing,
})
const listed = (begunAtMs: number, runs: SeenRun[] = [], isComplete = true): TriggerEvent => ({
  kind: 'listed',
  begunAtMs,
  runs,
  isComplete,
})
const again: TriggerEvent = { kind: 'trigger_again' }
const giveUp: TriggerEvent = { kind: 'give_up' }
const lost = [ready, posting(1_000), unknown(3_000)]
/** D + L from when the POST had left. */
const settled = 3_000 + 6_000 + 2_000

function told(events: readonly TriggerEvent[], policy: TriggerPolicy): TriggerState {
  return events.reduce((state, event) => advance(state, event, policy), beginTrigger())
}

/** What was told, and what is done next, at a later time. */
const cases: [string, TriggerPolicy, TriggerEvent[], object][] = [
  ['nothing yet: a job is made', strict, [], { kind: 'create_job' }],
  ['a job: one POST', strict, [ready], { kind: 'post' }],
  [
    'an answer: its run is waited for',
    strict,
    [ready, posting(0), posted('a')],
    { kind: 'done', run: { jobRunId: 'a' } },
  ],
  [
    'not sent: a pause, then another',
    strict,
    [ready, posting(0), notSent(900_000)],
    { kind: 'pause', untilMs: 900_500 },
  ],
  [
    'not sent for the third time: a longer pause',
    strict,
    [ready, ...[1, 2, 3].flatMap((n) => [posting(n), notSent(900_000)])],
    { kind: 'pause', untilMs: 902_000 },
  ],
  [
    'told to wait: as long as that',
    strict,
    [ready, posting(0), notSent(900_000, 70_000)],
    { kind: 'pause', untilMs: 970_000 },
  ],
  ['not sent, long ago: one POST', strict, [ready, posting(0), notSent(0)], { kind: 'post' }],
  ['a job that could not be made: a pause', strict, [notSent(900_000)], { kind: 'pause', untilMs: 900_500 }],
  ['refused: the step fails', strict, [ready, posting(0), refused(0)], { kind: 'refuse', code: 'no' }],
  [
    'refused, as the job is not known yet: another',
    strict,
    [ready, posting(0), refused(1_999, true)],
    { kind: 'post' },
  ],
  [
    'refused, as the job is not known: it fails',
    strict,
    [ready, posting(0), refused(2_000, true)],
    { kind: 'refuse' },
  ],
  [
    'refused, as a job that is not ours is not known: it fails at once',
    strict,
    [{ kind: 'job_ready', job: { ...job, isOwn: false } }, posting(0), refused(0, true)],
    { kind: 'refuse' },
  ],
  ['no answer: it is looked for', strict, lost, { kind: 'look', untilMs: settled }],
  [
    'gone on as new in the middle of a POST: it is looked for',
    strict,
    [ready, posting(1_000)],
    { kind: 'look', untilMs: 1_000 + 3_000 + 8_000 },
  ],
  ['found: adopted', strict, [...lost, listed(0, [run('a')])], { kind: 'done', run: { jobRunId: 'a' } }],
  [
    'none, too early: it is looked for on',
    bounded,
    [...lost, listed(settled - 1)],
    { kind: 'look', untilMs: settled },
  ],
  ['none in time, strict: a person is asked', strict, [...lost, listed(settled)], { kind: 'park' }],
  ['none in time, bounded: one POST', bounded, [...lost, listed(settled)], { kind: 'post' }],
  [
    'none in a short list: a person is asked',
    bounded,
    [...lost, listed(settled, [], false)],
    { kind: 'park' },
  ],
  [
    'one that may be ours, of another name: a person is asked',
    bounded,
    [...lost, listed(settled, [run('a', { createdBy: 'another token of ours' })])],
    { kind: 'park' },
  ],
  [
    'none on a job that is shared: a person is asked',
    bounded,
    [{ kind: 'job_ready', job: { ...job, isOwn: false } }, posting(0), unknown(3_000), listed(settled)],
    { kind: 'park' },
  ],
  [
    'parked, and it shows up: adopted',
    strict,
    [...lost, listed(settled), listed(0, [run('a')])],
    { kind: 'done' },
  ],
  [
    'a person names one: adopted',
    strict,
    [...lost, listed(settled), { kind: 'adopt', run: run('b') }],
    { kind: 'done', run: { jobRunId: 'b' } },
  ],
  [
    'a person names one of another job: asked on',
    strict,
    [...lost, listed(settled), { kind: 'adopt', run: run('b', { jobId: 'other' }) }],
    { kind: 'park' },
  ],
  ['a person has it triggered again: one POST', strict, [...lost, listed(settled), again], { kind: 'post' }],
  [
    'triggered again, and refused: the first is looked for',
    strict,
    [...lost, listed(settled), again, posting(20_000), refused(20_000)],
    { kind: 'look' },
  ],
  [
    'a person gives up: the step fails',
    strict,
    [...lost, listed(settled), giveUp],
    { kind: 'refuse', code: 'trigger_unknown' },
  ],
]

describe('what is done next, after', () => {
  it.each(cases)('%s', (_, policy, events, effect) => {
    expect(nextEffect(told(events, policy), policy, 900_000)).toMatchObject(effect)
  })
})

describe('several runs of ours', () => {
  const two = [run('late', { createdAt: '2026-01-01T00:00:09' }), run('early')]

  it('the earliest is adopted, the others are to be cancelled, each once', () => {
    const state = told([...lost, listed(0, two)], strict)
    expect(state).toMatchObject({ phase: 'adopted', run: { jobRunId: 'early' }, extras: ['late'] })
    const later = advance(state, { kind: 'extra_over', jobRunId: 'late' }, strict)
    expect(advance(later, listed(0, two), strict)).toMatchObject({ extras: [], cancelledExtras: ['late'] })
  })

  it('the first shows up after the second was answered: one too many', () => {
    const events = [...lost, listed(settled), again, posting(20_000), posted('second')]
    const state = told(events, strict)
    expect(mayHaveExtras(state)).toBe(true)
    expect(advance(state, listed(0, [run('first'), run('second')]), strict)).toMatchObject({
      run: { jobRunId: 'second' },
      extras: ['first'],
      unsettled: 0,
    })
  })

  it('the first shows up after a person gave up: it is noted, and the step stays failed', () => {
    const state = told([...lost, listed(settled), giveUp, listed(0, [run('first')])], strict)
    expect(state).toMatchObject({ phase: 'abandoned', run: { jobRunId: 'first' }, unsettled: 0 })
  })
})

describe('whether a run may exist that nobody has seen', () => {
  it.each<[string, TriggerPolicy, TriggerEvent[], boolean]>([
    ['before anything was sent', strict, [ready], false],
    ['while it is sent', strict, [ready, posting(0)], true],
    ['not sent', strict, [ready, posting(0), notSent(0)], false],
    ['refused', strict, [ready, posting(0), refused(0)], false],
    ['answered', strict, [ready, posting(0), posted('a')], false],
    ['no answer', strict, lost, true],
    ['parked', strict, [...lost, listed(settled)], true],
    ['proven never to come', bounded, [...lost, listed(settled)], false],
    ['to be triggered again', strict, [...lost, listed(settled), again], true],
    [
      'triggered again, and answered',
      strict,
      [...lost, listed(settled), again, posting(1), posted('b')],
      true,
    ],
    ['given up', strict, [...lost, listed(settled), giveUp], true],
    ['named by a person', strict, [...lost, listed(settled), { kind: 'adopt', run: run('b') }], true],
  ])('%s', (_, policy, events, expected) => {
    expect(mayHaveUnknownRun(told(events, policy))).toBe(expected)
  })
})

it('a later execution that does not know when a POST left waits for the latest that it could', () => {
  expect(settledAtMs(told([ready, posting(1_000)], bounded), bounded)).toBe(12_000)
  expect(settledAtMs(told([ready, posting(1_000), unknown(9_000)], bounded), bounded)).toBe(17_000)
})
