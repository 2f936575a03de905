import { z } from 'zod'
import { issueSchema } from '../../examples/pdu-review/job-types/shapes.ts'
import { renderTable } from '../../src/cli/output/table.ts'
import { count, formatDuration } from '../../src/cli/output/text.ts'
import type { PipelineRunView } from '../../src/pipeline/index.ts'

/** What the example's run leaves behind, as text for a person. Pure. */

const outputsSchema = z.object({
  issues: z.array(issueSchema),
  report: z.string(),
  counts: z.object({ tickets: z.number(), requirements: z.number(), proven: z.number() }),
})
export type ExampleOutputs = z.infer<typeof outputsSchema>

/** Undefined when the run has none of them: what is shown must never stand in the way of the run's end. */
export function readOutputs(view: Pick<PipelineRunView, 'outputs'>): ExampleOutputs | undefined {
  return outputsSchema.safeParse(view.outputs).data
}

/** No wider than the terminal. Issues quote documents: no control character of theirs reaches it. */
export function issueTable({ issues }: Pick<ExampleOutputs, 'issues'>, columns: number | undefined): string {
  if (issues.length === 0) return 'No issues.\n'
  const rows = issues.map(({ priority, title, evidence: [first] }) => [
    priority,
    first && `${first.document}:${first.line}`,
    title,
  ])
  return renderTable(['PRIORITY', 'WHERE', 'ISSUE'], rows, { columns, cut: ['ISSUE'] })
}

/** How much was done, and how long it took. */
export function whatHappened(view: PipelineRunView, { issues, counts }: ExampleOutputs): string {
  const runs = view.steps.filter((step) => step.job_run_id !== null).length
  const took = Date.parse(view.finished_at ?? '') - Date.parse(view.started_at)
  return (
    `${count(runs, 'job run')} in ${formatDuration(took)}: ${count(issues.length, 'issue')} found, ` +
    `${count(counts.tickets, 'ticket')} written; ${counts.proven} of ${count(counts.requirements, 'requirement')} proven by test.`
  )
}

export function whatNext(id: string, { keep }: { keep: boolean }): string {
  const commands = [
    ...(keep
      ? []
      : [['npm start -- --keep', 'the same, but the stack stays up. Then, in another terminal:'] as const]),
    [`bin/jobwright.js show ${id}`, 'the run with its steps and outputs'],
    ['bin/jobwright.js jobs schemas', 'the job types of the server'],
    ['bin/jobwright.js graph examples/pdu-review/pipeline.yaml', 'the pipeline as a picture'],
  ]
  const width = Math.max(...commands.map(([command]) => command.length))
  return [
    keep ? 'Next, in another terminal:' : 'Next:',
    ...commands.map(([command, why]) => `  ${command.padEnd(width)}  ${why}`),
    'Change a value in examples/pdu-review/documents and start again; examples/README.md has more to try.',
    'Press Ctrl-C or kill -9 anything in the middle, and `npm start` goes on where the run was.',
  ].join('\n')
}
