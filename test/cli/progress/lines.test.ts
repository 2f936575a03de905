import { expect, test } from 'vitest'
import { formatClock } from '../../../src/cli/output/text.ts'
import { changeLines } from '../../../src/cli/progress/lines.ts'
import { summaryLines } from '../../../src/cli/progress/summary.ts'
import { at, iso, runView, stepView } from '../helpers.ts'

const clock = (seconds: number) => formatClock(at(seconds))

test('each status change is one line, with its own time', () => {
  const said = new Map<string, string>()
  const running = stepView('graph', {
    generation: 1,
    status: 'running',
    job_run_id: '0197-aaaa',
    started_at: iso(1),
  })
  expect(changeLines(said, runView([running, stepView('issues')]), at(2))).toEqual([
    `${clock(1)} step graph running run 0197-aaaa`,
  ])
  expect(changeLines(said, runView([running, stepView('issues')]), at(3))).toEqual([])

  const completed = { ...running, status: 'completed' as const, finished_at: iso(2.2) }
  const pending = stepView('issues', { generation: 1, status: 'pending' })
  expect(changeLines(said, runView([completed, pending]), at(4))).toEqual([
    `${clock(2)} step graph completed 1.2s run 0197-aaaa`,
    `${clock(4)} step issues pending`,
  ])
})

test('a step that was triggered earlier is not told of as if it were only now', () => {
  const pending = stepView('graph', { generation: 1, status: 'pending', started_at: iso(1) })
  expect(changeLines(new Map(), runView([pending]), at(4))).toEqual([`${clock(1)} step graph pending`])
})

test('what has no time of its own happened no later than the end of the run', () => {
  const over = runView([stepView('graph', { status: 'skipped' })], { status: 'failed', finished_at: iso(3) })
  expect(changeLines(new Map(), over, at(900))).toEqual([`${clock(3)} step graph skipped`])
})

test('a further generation is news even when the status is the same', () => {
  const said = new Map<string, string>()
  const first = stepView('graph', { generation: 1, status: 'pending' })
  changeLines(said, runView([first]), at(1))
  expect(changeLines(said, runView([{ ...first, generation: 2 }]), at(2))).toEqual([
    `${clock(2)} step graph pending generation 2`,
  ])
})

test('an item that waits for its turn is no news', () => {
  const said = new Map<string, string>()
  const item = stepView('tickets', { item: 4, status: 'pending' })
  expect(changeLines(said, runView([item]), at(1))).toEqual([])
  expect(changeLines(said, runView([{ ...item, generation: 1 }]), at(2))).toEqual([
    `${clock(2)} step tickets[4] pending`,
  ])
})

test('items are named by their index, failures carry code and message on the same line', () => {
  const failed = stepView('tickets', {
    item: 3,
    generation: 1,
    status: 'failed',
    job_run_id: 'r3',
    started_at: iso(0),
    finished_at: iso(1),
    error: { code: 'run_failed', message: 'bad\n\u001b[31mred' },
  })
  expect(changeLines(new Map(), runView([failed]), at(9))).toEqual([
    `${clock(1)} step tickets[3] failed 1.0s run r3 run_failed: bad\\n\\u001b[31mred`,
  ])
})

test('changes that arrive together are told in the order in which they happened', () => {
  const step = (name: string, end: number) =>
    stepView(name, { generation: 1, status: 'completed', started_at: iso(0), finished_at: iso(end) })
  const lines = changeLines(new Map(), runView([step('late', 3), step('early', 1)]), at(9))
  expect(lines.map((line) => line.split(' ')[2])).toEqual(['early', 'late'])
})

test('the summary tells how it ended, warnings, failures and outputs', () => {
  const view = runView(
    [
      stepView('graph', { status: 'completed' }),
      stepView('tickets', { item: 0, status: 'completed' }),
      stepView('tickets', {
        item: 1,
        status: 'failed',
        job_run_id: 'r1',
        error: { code: 'run_failed', message: 'refused' },
      }),
      stepView('end', { status: 'skipped' }),
    ],
    {
      status: 'completed',
      finished_at: iso(12.3),
      warnings: ['tickets failed, and the run went on'],
      outputs: { issues: [{ title: 'a\u001b[0m' }] },
    },
  )
  expect(summaryLines(view, { failures: true })).toEqual([
    'review-0a1b2c completed in 12.3s (3 steps: 1 completed, 1 failed, 1 skipped)',
    'warning: tickets failed, and the run went on',
    'failed tickets[1]: run_failed: refused (run r1)',
    'outputs:',
    '  issues: [{"title":"a\\u001b[0m"}]',
  ])
})

test('an output too large for a terminal is cut, and the summary says how to get all of it', () => {
  const view = runView([], { status: 'completed', outputs: { big: 'x'.repeat(5000) } })
  const line = summaryLines(view, { failures: true }).at(-1) ?? ''
  expect(line.length).toBeLessThan(500)
  expect(line).toContain('jobwright show review-0a1b2c --output json')
})

test('a try that is to come, and one that has come, are told with their own time', () => {
  const said = new Map<string, string>()
  const waiting = stepView('graph', {
    generation: 2,
    status: 'waiting',
    started_at: iso(1),
    next_try_at: iso(9),
  })
  expect(changeLines(said, runView([waiting]), at(4))).toEqual([
    `${clock(4)} step graph waiting for generation 2, which starts at ${clock(9)}`,
  ])
  const { next_try_at: _, ...running } = waiting
  expect(
    changeLines(said, runView([{ ...running, status: 'running', generation_started_at: iso(9) }]), at(12)),
  ).toEqual([`${clock(9)} step graph running generation 2`])
})
