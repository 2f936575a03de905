import { readFile } from 'node:fs/promises'
import path from 'node:path'
import { expect, test } from 'vitest'
import { z } from 'zod'
import {
  type AnyPipeline,
  and,
  cel,
  compilePipeline,
  definePipeline,
  eq,
  exists,
  failed,
  gt,
  not,
  or,
  otherJobType,
  pipeline,
  runOf,
  secret,
  size,
  status,
  text,
} from '../../../src/public/index.ts'

const examples = path.resolve(import.meta.dirname, '../../../examples')

const retry = { attempts: 2, backoff: '2s' } as const

const hosted = definePipeline(
  {
    name: 'hosted-batch',
    description: 'Collect, work on each unit, publish',
    connection: 'hosted',
    inputs: z.object({ units: z.array(z.any()).default(['pump', 'valve', 'rack', 'fan']) }),
    defaults: { timeout: '10m', retry },
  },
  ({ inputs, step }) => {
    const collect = step('collect', { jobType: 'sleep', config: { duration: '2s' } })
    const units = step.each('units', inputs.units, () => ({
      jobType: 'sleep',
      config: { duration: '3s' },
      needs: [collect],
      maxParallel: 3,
    }))
    step('publish', { jobType: 'sleep', needs: [units], config: { duration: '1s' } })
  },
)

const review = definePipeline(
  {
    name: 'pdu-review',
    description: "Read the unit's documents, find what is wrong in them, and write a review report",
    inputs: z.object({
      system: z.string().default('Power Distribution Unit'),
      documents: z.string().default('pdu').describe('Collection of documents on the server'),
      severity: z
        .enum(['low', 'medium', 'high'])
        .default('low')
        .describe('Issues of lower priority are left out'),
    }),
    defaults: { timeout: '10m', retry },
  },
  ({ inputs, step }) => {
    const graph = step('graph', {
      jobType: 'metagraph_update',
      config: { system_id_or_name: inputs.system, documents: inputs.documents },
    })
    const issues = step('issues', {
      jobType: 'generate_issue',
      config: { metagraph: graph.outputs.metagraph, min_priority: inputs.severity },
    })
    const coverage = step('coverage', {
      jobType: 'requirement_coverage',
      config: { documents: inputs.documents },
    })
    const tickets = step.each('tickets', issues.outputs.issues, (issue, index) => ({
      jobType: 'write_ticket',
      maxParallel: 4,
      config: { key: text`PDU-${cel`${index} + 1`}`, issue },
      onFailure: 'continue',
    }))
    step('hold', {
      jobType: 'hold_release',
      needs: [issues, coverage],
      // As the file folds it.
      if: cel<boolean>`${coverage.outputs.counts}.failed > 0 ||
    ${issues.outputs.issues}.exists(issue, issue.priority == 'high')`,
      config: { system: inputs.system, issues: issues.outputs.issues, coverage: coverage.outputs.coverage },
    })
    const report = step('report', {
      jobType: 'review_report',
      needs: [coverage, tickets],
      config: {
        title: text`${inputs.system} review`,
        run_id: pipeline.runId,
        issues: issues.outputs.issues,
        coverage: coverage.outputs.coverage,
        tickets: tickets.outputs.ticket,
      },
    })
    return { issues: issues.outputs.issues, report: report.outputs.report, counts: report.outputs.counts }
  },
)

test.each<[string, AnyPipeline]>([
  ['hosted-api', hosted],
  ['pdu-review', review],
])('the plan of %s is that of its file, byte for byte', async (example, built) => {
  const file = path.join(examples, example, 'pipeline.yaml')
  const fromFile = compilePipeline(await readFile(file, 'utf8'), { file })
  const { plan, findings } = built.compile()
  expect(findings).toEqual([])
  expect(JSON.stringify(plan)).toBe(JSON.stringify(fromFile.plan))
  expect(compilePipeline(built.toYaml(), { file }).plan).toEqual(fromFile.plan)
})

test('a file of everything has the plan of its program', () => {
  const file = `
name: everything
inputs:
  limit: { type: integer, default: 3, schema: { minimum: 1 } }
  place: { type: object, default: { a: 1 } }
steps:
  first: { job_type: work, config: { limit: '\${{ inputs.limit }}', nothing: null, list: [1, two, { three: 3 }] } }
  second:
    needs: [first]
    if: '\${{ size(steps.first.outputs.found) > inputs.limit && !steps.first.outputs.found.exists(each, each.kind == "bad") }}'
    for_each: [a, '\${{ inputs.place.a }}']
    max_parallel: 2
    job_type: work
    config: { header: 'Bearer \${{ secrets.TOKEN }}', item: '\${{ item }}', at: 'no. \${{ index }}' }
    retry: { attempts: 4, backoff: 1m, on: [failed, timeout] }
    on_failure: continue
  third:
    needs: [second]
    if: '\${{ failed() || steps.second.status == "cancelled" }}'
    job_id: '\${{ steps.first.outputs["the-id"] }}'
    timeout: 2h
outputs: { found: '\${{ steps.first.outputs.found }}', run: '\${{ steps.third.run }}', fixed: 3 }
`
  const inputs = z.object({ limit: z.int().min(1).default(3), place: z.looseObject({}).default({ a: 1 }) })
  const built = definePipeline({ name: 'everything', inputs }, ({ inputs, step }) => {
    const first = step('first', {
      jobType: otherJobType<{ outputs: { found: { kind: string }[]; 'the-id': string } }>('work'),
      config: { limit: inputs.limit, nothing: null, list: [1, 'two', { three: 3 }] },
    })
    const { found } = first.outputs
    const second = step.each('second', ['a', inputs.place.a], (item, index) => ({
      jobType: 'work',
      if: and(gt(size(found), inputs.limit), not(exists(found, (each) => eq(each.kind, 'bad')))),
      maxParallel: 2,
      config: { header: text`Bearer ${secret('TOKEN')}`, item, at: text`no. ${index}` },
      retry: { attempts: 4, backoff: '1m', on: ['failed', 'timeout'] },
      onFailure: 'continue',
    }))
    const third = step('third', {
      needs: [second],
      if: or(failed(), eq(status(second), 'cancelled')),
      jobId: first.outputs['the-id'],
      timeout: '2h',
    })
    return { found, run: runOf(third), fixed: 3 }
  })
  const fromFile = compilePipeline(file, { file: 'everything.yaml' })
  const { plan, findings } = built.compile()
  expect(findings.map(({ code }) => code)).toEqual(fromFile.findings.map(({ code }) => code))
  expect(JSON.stringify(plan)).toBe(JSON.stringify(fromFile.plan))
  expect(plan).toBeDefined()
})

test('a step that starts with any of its needs, and what it then does not wait for', () => {
  const race = definePipeline({ name: 'race' }, ({ step }) => {
    const fast = step('fast', { jobType: otherJobType<{ outputs: { n: number } }>('work') })
    const slow = step('slow', { jobType: otherJobType<{ outputs: { n: number } }>('work') })
    const first = step('first', {
      jobType: otherJobType<{ config: object; outputs: { n: number } }>('work'),
      needs: [slow],
      start: 'any',
      config: { n: cel<number>`has(${slow.outputs.n}) ? ${slow.outputs.n} : ${fast.outputs.n}` },
    })
    step('after', { jobType: 'sleep', if: failed(), needs: [first], config: { n: slow.outputs.n } })
    return { n: first.outputs.n }
  })
  const { plan } = race.compile()
  expect(plan?.steps.map(({ id, needs, start }) => [id, needs, start])).toEqual([
    ['fast', [], undefined],
    ['slow', [], undefined],
    ['first', ['slow', 'fast'], 'any'],
    ['after', ['first', 'slow'], undefined],
  ])
  expect(compilePipeline(race.toYaml(), { file: 'race.yaml' }).plan).toEqual(plan)
})
