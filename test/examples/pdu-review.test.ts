import { readdir, readFile } from 'node:fs/promises'
import path from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import type { Coverage, Issue, Ticket } from '../../examples/pdu-review/job-types/shapes.ts'
import { compilePipeline, type PipelineRunView, resolveInputs } from '../../src/pipeline/index.ts'
import { untilOver } from '../helpers/over.ts'
import { startTestStack, type TestStack } from '../helpers/stack.ts'

/** The example's pipeline on a real stack, on the example's documents, with the example's own job types. */

const example = path.resolve(import.meta.dirname, '..', '..', 'examples', 'pdu-review')
const documents = path.join(example, 'documents')
let stack: TestStack
let view: PipelineRunView

beforeAll(async () => {
  stack = await startTestStack({ configFile: path.join(example, 'jobwright.config.ts') })
  for (const name of await readdir(documents))
    await stack.api.putDocument('pdu', name, {
      content: await readFile(path.join(documents, name)),
      mediaType: 'text/plain',
    })
  const file = path.join(example, 'pipeline.yaml')
  const jobTypes = await stack.api.listJobSchemas()
  const { plan, findings } = compilePipeline(await readFile(file, 'utf8'), { file, jobTypes })
  if (plan === undefined) throw new Error(JSON.stringify(findings))
  const { inputs } = resolveInputs(plan, {})
  const { id } = await stack.pipelines.start(plan, inputs ?? {})
  view = await untilOver(stack.pipelines, id)
}, 120_000)
afterAll(() => stack?.stop())

const issues = () => view.outputs.issues as Issue[]

async function outputOf(step: string, name: string): Promise<string> {
  const run = view.steps.find((line) => line.step === step)?.job_run_id
  const { content } = await stack.api.getOutput(run ?? '', name)
  return new TextDecoder().decode(content)
}

describe('the review of the power distribution unit', () => {
  test('completes, each step and item with one run at its first attempt', async () => {
    expect(view.status).toBe('completed')
    expect(view.warnings).toEqual([])
    const done = view.steps.filter((step) => step.job_run_id !== null)
    expect(done.map(({ status, generation }) => ({ status, generation }))).toEqual(
      done.map(() => ({ status: 'completed', generation: 1 })),
    )
    expect([...new Set(done.map(({ step }) => step))]).toEqual(
      expect.arrayContaining(['graph', 'issues', 'coverage', 'hold', 'report']),
    )
    const runs = (await stack.api.listJobRuns({})).items
    expect(runs.map(({ uuid }) => uuid).sort()).toEqual(done.map((step) => step.job_run_id).sort())
  })

  test('writes a ticket for each issue, in their order', async () => {
    const tickets = view.steps.filter((step) => step.step === 'tickets' && step.item !== undefined)
    expect(tickets).toHaveLength(issues().length)
    for (const [index, { job_run_id }] of tickets.entries()) {
      const { content } = await stack.api.getOutput(job_run_id ?? '', 'ticket')
      const ticket = JSON.parse(new TextDecoder().decode(content)) as Ticket
      expect(ticket).toMatchObject({ key: `PDU-${index + 1}`, title: issues()[index]?.title })
    }
  })

  test('lays requirements beside results: those that are not proven, and where it says so', async () => {
    const coverage = JSON.parse(await outputOf('coverage', 'coverage')) as Coverage[]
    const place = async (text: string) => `test-report.md:${await lineOf('test-report.md', text)}`
    const unproven = coverage.filter(({ status }) => status !== 'passed')
    expect(unproven.map(({ requirement, status, evidence }) => [requirement, status, ...evidence])).toEqual([
      ['REQ-PDU-005', 'untested'],
      ['REQ-PDU-010', 'failed', await place('| TC-09 |')],
      ['REQ-PDU-016', 'untested'],
      ['REQ-PDU-018', 'open', await place('| TC-16 |')],
    ])
    expect(view.outputs.counts).toMatchObject({
      issues: issues().length,
      tickets: issues().length,
      requirements: 20,
      proven: 16,
    })
  })

  test('ends with a report that has every issue and every requirement without proof', () => {
    const report = view.outputs.report as string
    expect(report.startsWith('# Power Distribution Unit review\n')).toBe(true)
    expect(report.match(/^### PDU-\d+ /gm) ?? []).toHaveLength(issues().length)
    for (const { evidence } of issues())
      for (const { document, line } of evidence) expect(report).toContain(`\`${document}:${line}\``)
    for (const id of ['REQ-PDU-005', 'REQ-PDU-010', 'REQ-PDU-016', 'REQ-PDU-018'])
      expect(report).toContain(`| ${id} |`)
  })

  test('holds the release, since a test has failed', async () => {
    expect(await outputOf('hold', 'notice')).toContain('REQ-PDU-010 failed its test')
  })
})

/**
 * What is wrong in the documents, on purpose: by which rule, and where a reader can see it, as document and a text of
 * the line. Everything else in them agrees.
 */
const planted: readonly { what: string; rule: string; places: readonly (readonly [string, string])[] }[] = [
  {
    what: 'the inrush current is 40 A in one document, 30 A in another',
    rule: 'exceeded-limits',
    places: [
      ['interface-control.md', '| Inrush current |'],
      ['requirements.md', '| REQ-PDU-003 |'],
    ],
  },
  {
    what: 'the cut-off voltage is 18 V in one document, 19 V in another',
    rule: 'contradicting-values',
    places: [
      ['interface-control.md', '| Cut-off voltage |'],
      ['requirements.md', '| REQ-PDU-004 |'],
    ],
  },
  {
    what: 'the fuse F2 is rated 15 A, and 10 A in the parts list',
    rule: 'contradicting-values',
    places: [
      ['interface-control.md', '| F2 |'],
      ['components.json', '"ref": "F2"'],
    ],
  },
  {
    what: 'the Lidar draws 1.5 A in one document, 1.8 A in another',
    rule: 'contradicting-values',
    places: [
      ['interface-control.md', 'The nominal current of the Lidar'],
      ['power-budget.csv', 'Lidar,'],
    ],
  },
  {
    what: 'the loads of AUX_24V draw 5.4 A, its limit is 5 A',
    rule: 'exceeded-limits',
    places: [
      ['interface-control.md', '| AUX_24V | MAIN_24V |'],
      ['power-budget.csv', 'Coolant Pump,'],
      ['power-budget.csv', 'Valve Block,'],
      ['power-budget.csv', 'Work Light,'],
    ],
  },
  {
    what: 'pin 6 of J4 has no signal yet',
    rule: 'open-items',
    places: [['interface-control.md', '| 6 | TBD |']],
  },
  {
    what: 'the mass of the unit is not specified yet',
    rule: 'open-items',
    places: [['requirements.md', '| REQ-PDU-020 |']],
  },
  {
    what: 'nothing connects to the hour meter HM1',
    rule: 'unconnected-components',
    places: [['components.json', '"ref": "HM1"']],
  },
  {
    what: 'no test covers reversed polarity',
    rule: 'missing-evidence',
    places: [['requirements.md', '| REQ-PDU-005 |']],
  },
  {
    what: 'no test covers the telemetry',
    rule: 'missing-evidence',
    places: [['requirements.md', '| REQ-PDU-016 |']],
  },
  {
    what: 'the test of the trip time has failed',
    rule: 'missing-evidence',
    places: [['test-report.md', '| TC-09 |']],
  },
  {
    what: 'the ripple of SENSOR_12V was measured above its limit, though the test counts as passed',
    rule: 'missing-evidence',
    places: [['test-report.md', '| TC-10 |']],
  },
  {
    what: 'the test at the limits of temperature was not run',
    rule: 'missing-evidence',
    places: [['test-report.md', '| TC-16 |']],
  },
]

/** From 1. Of the line that begins with the text, else of the one that holds it; there must be one only. */
async function lineOf(document: string, text: string): Promise<number> {
  const lines = (await readFile(path.join(documents, document), 'utf8')).split('\n')
  const numbers = (fits: (line: string) => boolean): number[] =>
    lines.flatMap((line, index) => (fits(line) ? [index + 1] : []))
  const beginning = numbers((line) => line.startsWith(text))
  const found = beginning.length > 0 ? beginning : numbers((line) => line.includes(text))
  if (found.length !== 1) throw new Error(`${document} has ${found.length} lines with ${text}`)
  return found[0] ?? 0
}

describe('the issues that a reader of the documents would raise', () => {
  const matching = async ({ rule, places }: (typeof planted)[number]): Promise<Issue[]> => {
    const at = await Promise.all(
      places.map(async ([document, text]) => ({ document, line: await lineOf(document, text) })),
    )
    return issues().filter(
      (issue) =>
        issue.rule === rule &&
        at.every((place) =>
          issue.evidence.some(({ document, line }) => document === place.document && line === place.line),
        ),
    )
  }

  test.each(planted)('$what', async (finding) => {
    expect((await matching(finding)).map(({ title }) => title)).toHaveLength(1)
  })

  test('and no others', async () => {
    const expected = new Set((await Promise.all(planted.map(matching))).flat())
    expect(issues().filter((issue) => !expected.has(issue))).toEqual([])
  })
})
