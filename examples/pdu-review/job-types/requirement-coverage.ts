import { defineJobType, type HandlerContext, JobRunError } from 'jobwright/job-types'
import { z } from 'zod'
import { type Coverage, coverageSchema } from './shapes.ts'

const configSchema = z.strictObject({
  documents: z.string().describe('Collection of documents on the server'),
  requirements: z.string().default('requirements.md').describe('The document that lists the requirements'),
  results: z.string().default('test-report.md').describe('The document that records the test results'),
})

/** Lays requirements and test results side by side: which are proven, which failed, which nobody has tested. */
export const requirementCoverage = defineJobType({
  jobType: 'requirement_coverage',
  displayName: 'Requirement coverage',
  description: 'Compares the requirements that are to be tested with the results of a test report.',
  config: configSchema,
  outputs: {
    coverage: z.array(coverageSchema),
    counts: z.record(coverageSchema.shape.status, z.number().int()),
  },
  async run(context) {
    const { config, log, output } = context
    const [requirements, results] = await Promise.all([
      readRows(context, config.requirements),
      readRows(context, config.results),
    ])
    const coverage = coverageOf(requirements, results, config.results)
    if (coverage.length === 0)
      throw new JobRunError(
        'no_requirements',
        `${config.requirements} has no table row with an id such as REQ-1 that is to be verified by test`,
      )
    const counts = { passed: 0, failed: 0, open: 0, untested: 0 }
    for (const { status } of coverage) counts[status] += 1
    log.info(`${coverage.length} requirements to test, ${counts.passed} of them passed`)
    await output.json('coverage', coverage)
    await output.json('counts', counts)
  },
})

/** A row of a Markdown table. */
interface Row {
  /** From 1. */
  line: number
  cells: string[]
}

async function readRows(
  { api, config, signal }: HandlerContext<z.infer<typeof configSchema>>,
  path: string,
): Promise<Row[]> {
  const { content } = await api.getDocument(config.documents, path, { signal })
  return tableRows(new TextDecoder().decode(content))
}

/** The rows of all tables of a Markdown document. */
export function tableRows(markdown: string): Row[] {
  return markdown
    .split('\n')
    .flatMap((text, index) =>
      text.startsWith('|') ? [{ line: index + 1, cells: text.split('|').map((cell) => cell.trim()) }] : [],
    )
}

const requirementId = /^REQ-[A-Z0-9-]*\d$/

/** Apart from the handler, so that a test needs no server. */
export function coverageOf(
  requirements: readonly Row[],
  results: readonly Row[],
  resultsPath: string,
): Coverage[] {
  return requirements.flatMap(({ cells }) => {
    const requirement = cells.find((cell) => requirementId.test(cell))
    if (requirement === undefined || !cells.includes('Test')) return []
    const rows = results.filter((row) => row.cells.includes(requirement))
    return {
      requirement,
      text: cells.find((cell) => / shall /.test(cell)) ?? '',
      status: statusOf(rows),
      evidence: rows.map(({ line }) => `${resultsPath}:${line}`),
    }
  })
}

function statusOf(rows: readonly Row[]): Coverage['status'] {
  if (rows.length === 0) return 'untested'
  if (rows.some(({ cells }) => cells.includes('Fail'))) return 'failed'
  return rows.every(({ cells }) => cells.includes('Pass')) ? 'passed' : 'open'
}
