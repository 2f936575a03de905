import { mkdir, writeFile } from 'node:fs/promises'
import path from 'node:path'
import type { JobsClient } from '../../src/client/index.ts'
import type { PipelineRunView } from '../../src/pipeline/index.ts'

const columns = ['severity', 'kind', 'title', 'entity', 'summary'] as const
const maxCell = 80

/** Issues as an aligned table; only the columns that any of them has. */
export function issueTable(issues: unknown): string {
  if (!Array.isArray(issues) || issues.length === 0) return 'No issues.'
  const rows = issues.map((issue) => columns.map((column) => cell(issue, column)))
  const used = columns
    .map((column, index) => ({ column, index }))
    .filter(({ index }) => rows.some((row) => row[index] !== ''))
  const table = [
    used.map(({ column }) => column.toUpperCase()),
    ...rows.map((row) => used.map(({ index }) => row[index] ?? '')),
  ]
  const widths = used.map((_, index) => Math.max(...table.map((row) => (row[index] ?? '').length)))
  const lines = table.map((row) =>
    row
      .map((text, index) => text.padEnd(widths[index] ?? 0))
      .join('  ')
      .trimEnd(),
  )
  return `${issues.length} ${issues.length === 1 ? 'issue' : 'issues'}\n\n${lines.join('\n')}\n`
}

function cell(issue: unknown, column: string): string {
  const value: unknown = typeof issue === 'object' && issue !== null ? Reflect.get(issue, column) : undefined
  // Issues quote documents: no control character of theirs reaches the terminal.
  const text = typeof value === 'string' ? value.replace(/[\p{Cc}\p{Cf}]+/gu, ' ') : ''
  return text.length > maxCell ? `${text.slice(0, maxCell - 1)}…` : text
}

/** Writes every Markdown output of the run's steps into a folder; the files. */
export async function saveReports(api: JobsClient, view: PipelineRunView, folder: string): Promise<string[]> {
  const files: string[] = []
  for (const { job_run_id: jobRunId } of view.steps) {
    if (jobRunId === null) continue
    const run = await api.getJobRun(jobRunId)
    for (const reference of run.output_references ?? []) {
      if (typeof reference !== 'object' || reference === null) continue
      const { name, media_type: mediaType } = reference as { name?: unknown; media_type?: unknown }
      if (typeof name !== 'string' || typeof mediaType !== 'string' || !mediaType.startsWith('text/markdown'))
        continue
      const { content } = await api.getOutput(jobRunId, name)
      await mkdir(folder, { recursive: true, mode: 0o700 })
      const file = path.join(folder, `${view.id}${files.length === 0 ? '' : `-${files.length + 1}`}.md`)
      await writeFile(file, content)
      files.push(file)
    }
  }
  return files
}
