import { describe, expect, test } from 'vitest'
import { coverageOf, tableRows } from '../../examples/pdu-review/job-types/requirement-coverage.ts'
import { renderReport } from '../../examples/pdu-review/job-types/review-report.ts'
import type { Issue } from '../../examples/pdu-review/job-types/shapes.ts'

describe('requirement coverage', () => {
  const requirements = tableRows(
    [
      '| ID | Requirement | Verification |',
      '|---|---|---|',
      '| REQ-1 | The unit shall start. | Test |',
      '| REQ-2 | The unit shall stop. | Test |',
      '| REQ-3 | The unit shall wait. | Test |',
      '| REQ-4 | The unit shall go on. | Test |',
      '| REQ-5 | The unit shall be blue. | Inspection |',
    ].join('\n'),
  )
  const results = tableRows(
    [
      '# Results',
      '',
      '| T-1 | REQ-1 | Pass |',
      '| T-2 | REQ-2 | Pass |',
      '| T-3 | REQ-2 | Fail |',
      '| T-4 | REQ-3 | |',
    ].join('\n'),
  )

  test('tells what passed, what failed, what is open and what nobody tested', () => {
    expect(coverageOf(requirements, results, 'results.md')).toEqual([
      { requirement: 'REQ-1', text: 'The unit shall start.', status: 'passed', evidence: ['results.md:3'] },
      {
        requirement: 'REQ-2',
        text: 'The unit shall stop.',
        status: 'failed',
        evidence: ['results.md:4', 'results.md:5'],
      },
      { requirement: 'REQ-3', text: 'The unit shall wait.', status: 'open', evidence: ['results.md:6'] },
      { requirement: 'REQ-4', text: 'The unit shall go on.', status: 'untested', evidence: [] },
    ])
  })
})

describe('the review report', () => {
  const issue: Issue = {
    title: '<b>*bold*</b>',
    description: 'One | two\n# three',
    priority: 'low',
    tags: [],
    rule: 'rule',
    evidence: [{ document: 'a.md', line: 1, text: '`` # not a heading\n# neither' }],
  }
  const input = { title: 'Review', run_id: 'run-1', issues: [issue], coverage: [], tickets: [null] }

  test('is one in which a document cannot break out of its quotation', () => {
    const report = renderReport(input)
    expect(report).toContain('### \\<b\\>\\*bold\\*\\</b\\>')
    expect(report).toContain('- `a.md:1`: ``` `` # not a heading # neither ```')
    expect(report).toContain('One \\| two \\# three')
    expect(report.split('\n').filter((line) => /^# /.test(line))).toEqual(['# Review'])
  })

  test('names the ticket of an issue where there is one', () => {
    const ticket = { key: 'PDU-1', title: '', priority: 'low', labels: [], body: '' }
    expect(renderReport({ ...input, tickets: [ticket] })).toContain('| PDU-1 | low |')
    expect(renderReport(input)).toContain('|  | low |')
  })
})
