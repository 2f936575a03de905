import { describe, expect, it } from 'vitest'
import { judgeRuns, type OwnJob, type SeenRun, seenBefore } from '../../src/protocol/index.ts'

const own: OwnJob = { jobId: 'j', isOwn: true, madeAtMs: 0, creator: 'us', before: null, isMarked: false }
const shared: OwnJob = { ...own, isOwn: false, creator: '' }
const marked: OwnJob = { ...shared, isMarked: true }
const run = (more: Partial<SeenRun> = {}): SeenRun => ({
  jobRunId: 'r',
  jobId: 'j',
  status: 'running',
  createdAt: '2026-01-01T00:00:05',
  createdBy: 'us',
  sameConfig: null,
  ...more,
})

describe('whose a run is', () => {
  it.each<[string, OwnJob, SeenRun, 'ours' | 'doubtful' | 'strangers' | 'none']>([
    ['on our own job', own, run(), 'ours'],
    ['in any status', own, run({ status: 'never heard of' }), 'ours'],
    ['where nobody says who made it', own, run({ createdBy: '' }), 'ours'],
    ['made by somebody else', own, run({ createdBy: 'you' }), 'doubtful'],
    ['with another config', own, run({ sameConfig: false }), 'doubtful'],
    [
      'on a shared job, made by somebody else',
      { ...shared, creator: 'us' },
      run({ createdBy: 'you' }),
      'strangers',
    ],
    ['of another job', own, run({ jobId: 'other' }), 'none'],
    ['of a job that is not told', own, run({ jobId: '' }), 'doubtful'],
    ['on a shared job, with nothing to tell', shared, run(), 'doubtful'],
    ['on a shared job, with the same config', shared, run({ sameConfig: true }), 'doubtful'],
    ['on a shared job, with a config that bears our name', marked, run({ sameConfig: true }), 'ours'],
    ['on a shared job, whose config is not shown', marked, run(), 'doubtful'],
    ['on a shared job, with another config', marked, run({ sameConfig: false }), 'strangers'],
    [
      'on a shared job, which another step has',
      { ...marked, taken: ['r'] },
      run({ sameConfig: true }),
      'none',
    ],
    [
      'older than what was there',
      { ...marked, before: { createdAt: '2026-01-01T00:00:06', jobRunIds: ['x'] } },
      run({ sameConfig: true }),
      'none',
    ],
    [
      'there before, in the same second',
      { ...marked, before: { createdAt: '2026-01-01T00:00:05', jobRunIds: ['r'] } },
      run({ sameConfig: true }),
      'none',
    ],
    [
      'new, in the second of what was there',
      { ...marked, before: { createdAt: '2026-01-01T00:00:05', jobRunIds: ['x'] } },
      run({ sameConfig: true }),
      'ours',
    ],
  ])('%s', (_, job, seen, whose) => {
    const judged = judgeRuns([seen], job)
    const kinds = (['ours', 'doubtful', 'strangers'] as const).filter((kind) => judged[kind].length > 0)
    expect(kinds).toEqual(whose === 'none' ? [] : [whose])
  })

  it('the earliest comes first, whatever the order and the zone', () => {
    const times = ['2026-01-01T00:00:09', 'who knows', '2026-01-01T01:00:07+01:00', '2026-01-01T00:00:08Z']
    const runs = times.map((createdAt, index) => run({ createdAt, jobRunId: `${index}` }))
    expect(judgeRuns(runs, own).ours.map(({ jobRunId }) => jobRunId)).toEqual(['2', '3', '0', '1'])
  })
})

describe('what was there before', () => {
  it('is all up to the newest, and those that are as new', () => {
    const runs = [
      run({ jobRunId: 'a' }),
      run({ jobRunId: 'b' }),
      run({ jobRunId: 'c', createdAt: '2025-01-01T00:00:00' }),
    ]
    expect(seenBefore(runs)).toEqual({ createdAt: runs[0]?.createdAt, jobRunIds: ['a', 'b'] })
    expect(seenBefore([])).toBeNull()
  })

  it('never gets less', () => {
    const earlier = { createdAt: '2026-01-01T00:00:05', jobRunIds: ['x'] }
    expect(seenBefore([run({ createdAt: '2025-01-01T00:00:00' })], earlier)).toEqual(earlier)
    expect(seenBefore([run()], earlier)?.jobRunIds).toEqual(['x', 'r'])
  })
})
