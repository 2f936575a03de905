import { expect, test } from 'vitest'
import type { Issue } from '../../examples/pdu-review/job-types/shapes.ts'
import { issueTable, readOutputs, whatHappened, whatNext } from '../../scripts/start/results.ts'
import { iso, runView, stepView } from '../cli/helpers.ts'

const issue: Issue = {
  title: 'Two limits for the input current',
  description: 'One says 16 A, the other 20 A.',
  priority: 'high',
  tags: [],
  rule: 'contradiction',
  evidence: [{ document: 'spec.md', line: 12, text: 'I max = 16 A' }],
}
const outputs = { issues: [issue], report: '# Review\n', counts: { tickets: 1, requirements: 4, proven: 3 } }

test('the issues are a table with the place of each', () => {
  expect(issueTable(outputs, undefined).split('\n')).toEqual([
    'PRIORITY  WHERE       ISSUE',
    'high      spec.md:12  Two limits for the input current',
    '',
  ])
})

test('the table fits the terminal', () => {
  for (const line of issueTable(outputs, 40).split('\n')) expect(line.length).toBeLessThanOrEqual(40)
})

test('no control character of a document reaches the terminal, and none breaks a line', () => {
  const table = issueTable({ issues: [{ ...issue, title: 'a\u001b[31mred\nb' }] }, undefined)
  expect(table).not.toContain('\u001b')
  expect(table.split('\n')).toHaveLength(3)
})

test('no issues are said in words, outputs that are not those of the example are none', () => {
  expect(issueTable({ issues: [] }, undefined)).toBe('No issues.\n')
  expect(readOutputs({ outputs })).toEqual(outputs)
  for (const other of [{}, { ...outputs, issues: ['text'] }, { issues: [], report: 1 }])
    expect(readOutputs({ outputs: other })).toBeUndefined()
})

test('what happened is counted: runs, not steps that had none', () => {
  const view = runView([stepView('graph', { job_run_id: 'a' }), stepView('hold', { status: 'skipped' })], {
    finished_at: iso(3),
  })
  expect(whatHappened(view, outputs)).toBe(
    '1 job run in 3.0s: 1 issue found, 1 ticket written; 3 of 4 requirements proven by test.',
  )
})

test('what to do next fits what was done: a stack that stays up is not to be started', () => {
  const [ended, kept] = [false, true].map((keep) => whatNext('review-1', { keep }))
  for (const text of [ended, kept]) expect(text).toContain('bin/jobwright.js show review-1 ')
  expect(ended).toContain('npm start -- --keep')
  expect(kept).not.toContain('--keep')
})
