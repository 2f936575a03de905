import { defineJobType } from 'jobwright/job-types'
import { z } from 'zod'
import { codeSpan, escapeMarkdown, evidenceList } from './markdown.ts'
import {
  type Coverage,
  coverageSchema,
  type Issue,
  issueSchema,
  type Ticket,
  ticketSchema,
} from './shapes.ts'

const config = z.strictObject({
  title: z.string(),
  run_id: z.string().describe('The pipeline run that the report is of'),
  issues: z.array(issueSchema),
  coverage: z.array(coverageSchema),
  tickets: z.array(ticketSchema.nullable()).describe('In the order of the issues; null where there is none'),
})

/** Puts everything that the other steps found into one document. */
export const reviewReport = defineJobType({
  jobType: 'review_report',
  displayName: 'Review report',
  description:
    'Writes the report of a review: issues with their evidence, and which requirements are proven.',
  config,
  nameField: 'title',
  outputs: {
    report: z.string().describe('Markdown'),
    counts: z.object({
      issues: z.number().int(),
      by_priority: z.record(z.string(), z.number().int()),
      tickets: z.number().int(),
      requirements: z.number().int(),
      proven: z.number().int(),
    }),
  },
  async run({ config, log, output }) {
    const { issues, coverage, tickets } = config
    await output.text('report', renderReport(config), { mediaType: 'text/markdown; charset=utf-8' })
    await output.json('counts', {
      issues: issues.length,
      by_priority: countBy(issues.map(({ priority }) => priority)),
      tickets: tickets.filter((ticket) => ticket !== null).length,
      requirements: coverage.length,
      proven: coverage.filter(({ status }) => status === 'passed').length,
    })
    log.info(`${issues.length} issues, ${coverage.length} requirements`)
  },
})

/** The report in Markdown. The same input gives the same text. */
export function renderReport({ title, run_id, issues, coverage, tickets }: z.infer<typeof config>): string {
  const proven = coverage.filter(({ status }) => status === 'passed').length
  const parts = [
    `# ${escapeMarkdown(title)}`,
    `Pipeline run ${codeSpan(run_id)}: ${issues.length} issues; ${proven} of ${coverage.length} requirements proven by test.`,
    '## Issues',
    issues.length === 0 ? 'None.' : issueTable(issues, tickets),
    ...issues.map((issue, index) => issueSection(issue, tickets[index])),
    '## Requirements without proof',
    coverageTable(coverage.filter(({ status }) => status !== 'passed')),
  ]
  return `${parts.join('\n\n')}\n`
}

function issueTable(issues: readonly Issue[], tickets: readonly (Ticket | null)[]): string {
  const rows = issues.map(
    ({ priority, title }, index) =>
      `| ${tickets[index]?.key ?? ''} | ${priority} | ${escapeMarkdown(title)} |`,
  )
  return ['| Ticket | Priority | Issue |', '|---|---|---|', ...rows].join('\n')
}

function issueSection(issue: Issue, ticket: Ticket | null | undefined): string {
  const heading = `### ${ticket ? `${ticket.key} ` : ''}${escapeMarkdown(issue.title)}`
  const about = `Priority ${issue.priority}, rule ${codeSpan(issue.rule)}.`
  return [heading, about, escapeMarkdown(issue.description), evidenceList(issue)].join('\n\n')
}

function coverageTable(coverage: readonly Coverage[]): string {
  if (coverage.length === 0) return 'None.'
  const rows = coverage.map(
    ({ requirement, status, evidence, text }) =>
      `| ${requirement} | ${status} | ${evidence.join(', ')} | ${escapeMarkdown(text)} |`,
  )
  return ['| Requirement | Status | Evidence | Text |', '|---|---|---|---|', ...rows].join('\n')
}

function countBy(names: readonly string[]): Record<string, number> {
  const counts: Record<string, number> = {}
  for (const name of names) counts[name] = (counts[name] ?? 0) + 1
  return counts
}
