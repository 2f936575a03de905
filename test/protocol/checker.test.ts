import { describe, expect, it } from 'vitest'
import { judgeRuns, type OwnJob } from '../../src/protocol/index.ts'
import { bounds, check, checkAll, policyOf, stranger, type Way } from './checker/check-all.ts'
import { leftBehind } from './checker/step.ts'
import { ours, tickMs } from './checker/world.ts'

/** Every schedule within some bounds, judged by what truly is on the server; see `checker/`. */

const never = Number.POSITIVE_INFINITY
const anyCancel = ['at_once', 'later', 'ignored', 'completes_first'] as const

describe('bounded, while the bounds hold', () => {
  const honest = policyOf('bounded')
  const judge = ({ world, end }: Way) => {
    check(ours(world).length <= 1, 'a run was doubled')
    check(
      end.kind !== 'completed' || end.byPerson || ours(world).length === 1,
      'completed without a run of ours',
    )
    for (const posts of end.absences)
      check(
        world.posts.slice(0, posts).every(({ commitTick }) => commitTick === never),
        'a run was taken for absent that is there, or to come',
      )
    check(end.reported.length === 0, 'a run was cancelled as one too many')
  }

  it('each step has one run, over three attempts', () => {
    const { runs } = checkAll({ policy: honest, maybe: ['look is lost'] }, judge)
    expect(runs).toBeGreaterThan(30_000)
  })

  it('also where requests are refused for a while, and lists are short', () => {
    const { runs, ends } = checkAll(
      {
        policy: honest,
        mostPosts: 2,
        network: { mostNotSent: 1, shortLists: true },
      },
      judge,
    )
    expect(runs).toBeGreaterThan(10_000)
    expect(ends.parked).toBeGreaterThan(0)
  })

  it('a cancel at any moment leaves nothing behind', () => {
    const { ends } = checkAll(
      { policy: honest, mostPosts: 2, maybe: ['cancel', 'look is lost'], cancels: anyCancel },
      (way) => {
        judge(way)
        check(way.end.kind !== 'cancelled' || leftBehind(way.world).length === 0, 'a run was left behind')
      },
    )
    expect(ends.cancelled).toBeGreaterThan(10_000)
  })

  it('beside a run that another token of ours may have started, nothing is sent again', () => {
    const strangers = [stranger('on our job', 0)]
    const { ends } = checkAll({ policy: honest, strangers }, ({ world }) =>
      check(world.posts.length <= 1, 'a second POST'),
    )
    expect(ends.parked).toBeGreaterThan(0)
  })

  it('a run that was refused or given up leaves nothing behind either', () => {
    const { ends } = checkAll(
      {
        policy: honest,
        mostPosts: 2,
        network: { shortLists: true },
        strangers: [stranger('on our job', -1)],
      },
      (way) => {
        judge(way)
        check(
          way.end.kind !== 'refused' || way.end.isUnknown || leftBehind(way.world).length === 0,
          'a run was left behind, and nobody told',
        )
      },
    )
    expect(ends.refused).toBeGreaterThan(0)
  })
})

describe('strict, on a server that is slower and staler than anybody thinks', () => {
  const hopeful = policyOf('strict', { delivery: 1, listing: 0 })

  it('never a second POST by itself', () => {
    const { runs } = checkAll(
      {
        policy: hopeful,
        network: { mostNotSent: 2, shortLists: true },
        maybe: ['look is lost', 'look again'],
      },
      ({ world, end }) => {
        check(world.posts.length <= 1, 'a second POST')
        check(end.kind !== 'completed' || ours(world).length === 1, 'completed without a run of ours')
        check(end.absences.length === 0, 'absence was concluded')
        check(
          end.kind !== 'refused' || ours(world).length === 0 || end.state.phase === 'abandoned',
          'failed, with a run',
        )
      },
    )
    expect(runs).toBeGreaterThan(5_000)
  })

  it('a person may trigger again: no more runs than asked for, and those too many are cancelled once seen', () => {
    const { runs } = checkAll({ policy: hopeful, mostAgain: 1, isHasty: true }, ({ world, end }) => {
      check(ours(world).length <= 1 + end.again, 'more runs than were asked for')
      const visible = ours(world).filter(({ commitTick }) => commitTick <= world.nowTick - bounds.listing)
      const missed = visible.filter(({ id, cancelTick }) => id !== end.runId && cancelTick === never)
      check(end.kind !== 'completed' || missed.length === 0, 'a second run was there, and nobody saw it')
    })
    expect(runs).toBeGreaterThan(5_000)
  })

  it('after a cancel, what may still run is told', () => {
    const { runs, ends } = checkAll(
      {
        policy: hopeful,
        mostAgain: 1,
        isHasty: true,
        maybe: ['cancel'],
        cancels: ['at_once', 'ignored'],
        network: { bounds: { delivery: 3, listing: 1, timeout: 1 } },
      },
      ({ world, end }) => {
        if (end.kind !== 'cancelled') return
        check(end.isUnknown || leftBehind(world).length === 0, 'a run was left behind, and nobody told')
        const settledTick = (end.state.sentByMs + hopeful.deliveryMs) / tickMs
        const inTime = leftBehind(world).filter(({ commitTick }) => commitTick <= settledTick - 1)
        check(inTime.length === 0, 'a run was there in time, and was not looked for long enough')
      },
    )
    expect(runs).toBeGreaterThan(15_000)
    expect(ends.cancelled).toBeGreaterThan(ends.completed ?? 0)
  })
})

/** A job of somebody else's, with others' runs on it. */
describe('a job that is shared', () => {
  const shared = (isMarked: boolean): OwnJob => ({
    jobId: 'job',
    isOwn: false,
    madeAtMs: 0,
    creator: '',
    before: null,
    isMarked,
  })
  const strangers = [
    stranger('with the same config, started by hand in the window', 4, { sameConfig: true }),
    stranger('with another config', 1, { sameConfig: false, createdBy: 'us' }),
    stranger('older', -5, { sameConfig: true, createdBy: 'us' }),
  ]

  it("no stranger's run is ever taken without a person's word", () => {
    const { runs, ends } = checkAll(
      { policy: policyOf('bounded'), job: shared(false), strangers, mostPosts: 2 },
      ({ world }) => check(world.posts.length <= 1, 'a second POST'),
    )
    expect(runs).toBeGreaterThan(1_000)
    expect(ends.parked).toBeGreaterThan(0)
  })

  it('where what we send bears our name, a lost run is found among them', () => {
    const others = strangers.map((run) => ({ ...run, sameConfig: false }))
    const { ends } = checkAll(
      { policy: policyOf('bounded'), job: shared(true), strangers: others, mostPosts: 2 },
      ({ world, end }) => {
        check(ours(world).length <= 1, 'a run was doubled')
        check(end.kind !== 'parked' || ours(world).length === 0, 'a run was not found')
      },
    )
    expect(ends.completed).toBeGreaterThan(100)
  })

  it('of another creator, or with another config: never taken, though the job is ours', () => {
    const job = { ...shared(true), isOwn: true, creator: 'us' }
    const runs = [
      { jobRunId: 'a', jobId: 'job', status: 'running', createdAt: '', createdBy: 'you', sameConfig: true },
      { jobRunId: 'b', jobId: 'job', status: 'running', createdAt: '', createdBy: 'us', sameConfig: false },
    ]
    expect(judgeRuns(runs, job)).toMatchObject({ ours: [], doubtful: runs })
  })
})
