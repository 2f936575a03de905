import { describe, expect, test } from 'vitest'
import { issueReport, issueTable, readIssues, type ShownIssue } from '../../scripts/start/results.ts'
import type { PipelineRunView } from '../../src/pipeline/index.ts'

const issue: ShownIssue = {
  title: 'Two limits for the input current',
  description: 'One says 16 A, the other 20 A.',
  priority: 'high',
  rule: 'contradiction',
  evidence: [{ document: 'spec.md', line: 12, text: 'I max = 16 A' }],
}
const view: PipelineRunView = {
  id: 'run-1',
  pipeline: 'pdu-review',
  status: 'completed',
  started_at: '2026-01-01T00:00:00.000Z',
  finished_at: '2026-01-01T00:00:09.000Z',
  outputs: {},
  warnings: [],
  steps: [],
}

describe('what `npm start` shows', () => {
  test('is a table of issues with the place of each', () => {
    expect(issueTable([issue]).split('\n')).toEqual([
      '1 issue',
      '',
      'PRIORITY  WHERE       ISSUE',
      'high      spec.md:12  Two limits for the input current',
    ])
  })

  test('fits the terminal', () => {
    for (const line of issueTable([issue], 40).split('\n')) expect(line.length).toBeLessThanOrEqual(40)
  })

  test('has no control characters of a document in it', () => {
    const table = issueTable([{ ...issue, title: 'a\u001b[31mred\nb' }])
    expect(table).not.toContain('\u001b')
    expect(table.split('\n')).toHaveLength(4)
  })

  test('says that there are none', () => {
    for (const value of [[], undefined, null, 'text', [1, {}]])
      expect(issueTable(readIssues(value))).toBe('No issues.')
  })

  test('is a report in which a document cannot break out of its quotation', () => {
    const evidence = [{ document: 'a.md', line: 1, text: '`` # not a heading\n# neither' }]
    const report = issueReport(view, [{ ...issue, title: '<b>*bold*</b>', evidence }])
    expect(report).toContain('## \\<b\\>\\*bold\\*\\</b\\>')
    expect(report).toContain('- `a.md:1` ``` `` # not a heading # neither ```')
    expect(report.split('\n').filter((line) => line.startsWith('# '))).toEqual(['# 1 issue'])
  })
})
