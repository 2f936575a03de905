import { expect, it } from 'vitest'
import { describeSweeps } from '../../../src/cli/doctor/sweeps.ts'
import type { SweepFinding, SweepReport } from '../../../src/contract/sweep.ts'

const nowMs = Date.parse('2026-03-01T12:00:30Z')
const finding: SweepFinding = { pipelineRun: 'p', step: 's', item: null, jobRunId: 'r', outcome: 'cancelled' }
const report: SweepReport = {
  mode: 'cancel',
  startedAtMs: nowMs - 30_000,
  looked: 0,
  findings: [],
  unfinished: 0,
  next: { sinceMs: 0, done: [] },
}
const of = (last: Partial<SweepReport>) => ({
  isPaused: false,
  startedAt: new Date(nowMs),
  last: { ...report, ...last },
})

it.each([
  [
    undefined,
    'warning',
    /no schedule jobwright-sweeper: what a pipeline run leaves active .* is not cancelled/,
  ],
  [{ ...of({}), isPaused: true }, 'warning', /is paused/],
  [{ isPaused: false, startedAt: undefined, last: undefined }, 'ok', /still to come/],
  [{ isPaused: false, startedAt: new Date(nowMs), last: undefined }, 'warning', /none has ended/],
  [of({ startedAtMs: nowMs - 600_000 }), 'warning', /the last one that ended is of 2026-03-01T11:50:30.000Z/],
  [of({}), 'ok', /at 2026-03-01T12:00:00.000Z found nothing left behind/],
  [
    of({ looked: 1, findings: [finding] }),
    'ok',
    /found 1 job run left behind \(1 cancelled\) by 1 closed pipeline run$/,
  ],
  [
    of({ mode: 'report', looked: 2, findings: [{ ...finding, outcome: 'active' }], unfinished: 1 }),
    'warning',
    /\(1 active\) by 2 closed pipeline runs, which it only reports; 1 pipeline run to be looked at again/,
  ],
] as const)('doctor says of sweeps that are %j: %s', (state, status, detail) => {
  expect(describeSweeps(state, 'jobwright-sweeper', nowMs)).toMatchObject({
    name: 'sweeps',
    status,
    detail: expect.stringMatching(detail),
  })
})
