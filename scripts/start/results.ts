import { mkdir, writeFile } from 'node:fs/promises'
import path from 'node:path'
import type { JobsClient } from '../../src/client/index.ts'
import type { PipelineRunView } from '../../src/pipeline/index.ts'

/** What the pipeline's output `issues` holds, as `generate_issue` writes it. */
export interface ShownIssue {
  title: string
  description: string
  priority: string
  rule: string
  evidence: { document: string; line: number; text: string }[]
}

/** Entries that are no issues are left out: what is shown must never stand in the way of the run's end. */
export function readIssues(value: unknown): ShownIssue[] {
  return Array.isArray(value) ? value.filter(isIssue) : []
}

function isIssue(value: unknown): value is ShownIssue {
  if (typeof value !== 'object' || value === null) return false
  const { title, description, priority, rule, evidence } = value as Partial<Record<keyof ShownIssue, unknown>>
  return (
    [title, description, priority, rule].every((text) => typeof text === 'string') && Array.isArray(evidence)
  )
}

/** An aligned table, no wider than the terminal. */
export function issueTable(issues: readonly ShownIssue[], columns = 120): string {
  if (issues.length === 0) return 'No issues.'
  const rows = [
    ['PRIORITY', 'WHERE', 'ISSUE'],
    ...issues.map(({ priority, title, evidence: [first] }) => [
      priority,
      first === undefined ? '' : `${first.document}:${first.line}`,
      title,
    ]),
  ].map((row) => row.map(plain))
  const widths = [0, 1].map((index) => Math.max(...rows.map((row) => (row[index] ?? '').length)))
  const lines = rows.map((row) => {
    const line = row.map((cell, index) => cell.padEnd(widths[index] ?? 0)).join('  ')
    return line.length > columns ? `${line.slice(0, columns - 1)}…` : line
  })
  return `${issues.length} ${issues.length === 1 ? 'issue' : 'issues'}\n\n${lines.join('\n')}`
}

/** Issues quote documents: no control character of theirs reaches the terminal, and none breaks a line. */
const plain = (text: string): string => text.replace(/[\p{Cc}\p{Cf}\u2028\u2029]+/gu, ' ').trim()

/** The issues with their evidence, in Markdown. */
export function issueReport(view: PipelineRunView, issues: readonly ShownIssue[]): string {
  const head = [
    `# ${issues.length} ${issues.length === 1 ? 'issue' : 'issues'}`,
    `Pipeline run \`${view.id}\` of \`${view.pipeline}\`, ${view.started_at} to ${view.finished_at ?? 'now'}.`,
  ]
  const sections = issues.map(({ title, description, priority, rule, evidence }) => {
    const quotes = evidence.map(
      ({ document, line, text }) => `- ${code(`${document}:${line}`)} ${code(text)}`,
    )
    return [
      `## ${markdown(title)}`,
      `Priority: ${markdown(priority)}. Rule: ${code(rule)}.`,
      markdown(description),
      quotes.join('\n'),
    ]
  })
  return `${[...head, ...sections.flat()].filter((part) => part !== '').join('\n\n')}\n`
}

const markdown = (text: string): string => plain(text).replace(/[\\`*_[\]<>#|]/g, '\\$&')

/** A code span that its own text cannot end. */
function code(text: string): string {
  const content = plain(text)
  const longest = Math.max(0, ...[...content.matchAll(/`+/g)].map(([run]) => run.length))
  const fence = '`'.repeat(longest + 1)
  return longest === 0 ? `${fence}${content}${fence}` : `${fence} ${content} ${fence}`
}

/** Writes a file into a folder that is made for its owner alone. */
export async function saveReport(
  folder: string,
  name: string,
  content: string | Uint8Array,
): Promise<string> {
  await mkdir(folder, { recursive: true, mode: 0o700 })
  const file = path.join(folder, name)
  await writeFile(file, content, { mode: 0o600 })
  return file
}

/** The first Markdown output of a step, last step first; undefined when no step made one. */
export async function findMarkdownOutput(
  api: JobsClient,
  view: PipelineRunView,
): Promise<Uint8Array | undefined> {
  for (const { job_run_id: jobRunId } of view.steps.toReversed()) {
    if (jobRunId === null) continue
    const run = await api.getJobRun(jobRunId)
    for (const reference of run.output_references ?? []) {
      if (typeof reference !== 'object' || reference === null) continue
      const { name, media_type: mediaType } = reference as { name?: unknown; media_type?: unknown }
      if (typeof name === 'string' && typeof mediaType === 'string' && mediaType.startsWith('text/markdown'))
        return (await api.getOutput(jobRunId, name)).content
    }
  }
  return undefined
}
