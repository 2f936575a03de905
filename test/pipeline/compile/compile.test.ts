// biome-ignore-all lint/suspicious/noTemplateCurlyInString: the marks of our own templates
import { expect, test } from 'vitest'
import { drawPipeline, type PipelinePlan, pipelineJsonSchema } from '../../../src/pipeline/index.ts'
import { jobTypes, planOf } from './helpers.ts'

const review = `# yaml-language-server: $schema=pipeline.schema.json
name: pdu-review
description: Read the unit's documents, update its graph, raise an issue for each finding
inputs:
  system:    { type: string, default: Power Distribution Unit }
  documents: { type: string, description: Collection of documents on the server, default: pdu }
  severity:  { type: string, enum: [low, medium, high], default: medium }
connection: default            # a named Jobs API
defaults:
  timeout: 30m
  retry: { attempts: 3, backoff: 5s }
steps:
  tickets:
    needs: [issues]
    if: \${{ size(steps.issues.outputs.issues) > 0 }}
    for_each: \${{ steps.issues.outputs.issues }}
    max_parallel: 4
    job_type: http_request
    config: { method: POST, url: 'https://tracker.example/api', body: '\${{ item }}', headers: { authorization: '\${{ secrets.TRACKER }}' } }
    on_failure: continue
  graph:
    job_type: metagraph_update            # create a job of this type and run it …
    config:
      system_id_or_name: \${{ inputs.system }}
      documents: \${{ inputs.documents }}
  issues:
    needs: [graph]
    job_type: generate_issue
    config: { metagraph: '\${{ steps.graph.outputs.metagraph }}' }
    timeout: 2h
    retry: { on: [failed] }
  nightly_export:
    needs: [graph]
    job_id: 3f0c8a52-0000-4000-8000-000000000000
    config: { additional_context: 'for \${{ inputs.system }}' }
outputs:
  issues: \${{ steps.issues.outputs.issues }}
`

const retry = { generations: 3, backoffMs: 5000, on: ['failed', 'timeout', 'rejected'] }

const golden: PipelinePlan = {
  planVersion: 1,
  name: 'pdu-review',
  description: "Read the unit's documents, update its graph, raise an issue for each finding",
  connection: 'default',
  textPositions: 'characters',
  inputs: [
    { name: 'system', type: 'string', default: 'Power Distribution Unit' },
    {
      name: 'documents',
      type: 'string',
      description: 'Collection of documents on the server',
      default: 'pdu',
    },
    { name: 'severity', type: 'string', enum: ['low', 'medium', 'high'], default: 'medium' },
  ],
  steps: [
    {
      id: 'graph',
      needs: [],
      target: { kind: 'job_type', jobType: 'metagraph_update' },
      config: {
        kind: 'object',
        entries: [
          { key: 'system_id_or_name', value: { kind: 'expression', source: 'inputs.system' } },
          { key: 'documents', value: { kind: 'expression', source: 'inputs.documents' } },
        ],
      },
      maxParallel: 1,
      timeoutMs: 1_800_000,
      retry: retry as PipelinePlan['steps'][number]['retry'],
      onFailure: 'fail',
      valueOutputs: [],
      usedOutputs: ['metagraph'],
      usesJobRun: false,
    },
    {
      id: 'issues',
      needs: ['graph'],
      target: { kind: 'job_type', jobType: 'generate_issue' },
      config: {
        kind: 'object',
        entries: [{ key: 'metagraph', value: { kind: 'output', step: 'graph', name: 'metagraph' } }],
      },
      maxParallel: 1,
      timeoutMs: 7_200_000,
      retry: { generations: 3, backoffMs: 5000, on: ['failed'] },
      onFailure: 'fail',
      valueOutputs: ['issues'],
      usedOutputs: ['issues'],
      usesJobRun: false,
    },
    {
      id: 'tickets',
      needs: ['issues'],
      if: { source: 'size(steps.issues.outputs.issues) > 0', statusFunctions: [] },
      target: { kind: 'job_type', jobType: 'http_request' },
      config: {
        kind: 'object',
        entries: [
          { key: 'method', value: { kind: 'literal', value: 'POST' } },
          { key: 'url', value: { kind: 'literal', value: 'https://tracker.example/api' } },
          { key: 'body', value: { kind: 'expression', source: 'item' } },
          {
            key: 'headers',
            value: {
              kind: 'object',
              entries: [{ key: 'authorization', value: { kind: 'secret', parts: [{ secret: 'TRACKER' }] } }],
            },
          },
        ],
      },
      forEach: { kind: 'expression', source: 'steps.issues.outputs.issues' },
      maxParallel: 4,
      timeoutMs: 1_800_000,
      retry: retry as PipelinePlan['steps'][number]['retry'],
      onFailure: 'continue',
      valueOutputs: [],
      usedOutputs: [],
      usesJobRun: false,
    },
    {
      id: 'nightly_export',
      needs: ['graph'],
      target: { kind: 'job_id', jobId: { kind: 'literal', value: '3f0c8a52-0000-4000-8000-000000000000' } },
      config: {
        kind: 'object',
        entries: [
          {
            key: 'additional_context',
            value: { kind: 'text', parts: ['for ', { source: 'inputs.system' }] },
          },
        ],
      },
      maxParallel: 1,
      timeoutMs: 1_800_000,
      retry: retry as PipelinePlan['steps'][number]['retry'],
      onFailure: 'fail',
      valueOutputs: [],
      usedOutputs: [],
      usesJobRun: false,
    },
  ],
  outputs: [{ name: 'issues', value: { kind: 'expression', source: 'steps.issues.outputs.issues' } }],
}

test('the documented pipeline compiles to its plan, needs before what needs them', () => {
  expect(planOf(review)).toEqual(golden)
})

test('a plan survives JSON and is frozen to the bottom', () => {
  const plan = planOf(review)
  expect(JSON.parse(JSON.stringify(plan))).toEqual(plan)
  expect(Object.isFrozen(plan.steps[0]?.retry.on)).toBe(true)
  expect(() => plan.steps.pop()).toThrow(TypeError)
})

const step = (lines: string) =>
  planOf(
    `name: a\ninputs: { n: { type: integer, default: 1 } }\nsteps:\n  one: { job_type: x }\n  two:\n    needs: [one]\n    job_type: y\n${lines}`,
  )

test('without defaults a step runs once, without a timeout', () => {
  const [one] = step('').steps
  expect(one).toEqual({
    id: 'one',
    needs: [],
    target: { kind: 'job_type', jobType: 'x' },
    maxParallel: 1,
    retry: { generations: 1, backoffMs: 5000, on: ['failed', 'timeout', 'rejected'] },
    onFailure: 'fail',
    valueOutputs: [],
    usedOutputs: [],
    usesJobRun: false,
  })
})

test('what has no expression in it is one literal', () => {
  const config = step("    config: { a: { b: [1, null, true, x] }, c: [1, '${{ inputs.n }}'] }\n").steps[1]
    ?.config
  expect(config).toEqual({
    kind: 'object',
    entries: [
      { key: 'a', value: { kind: 'literal', value: { b: [1, null, true, 'x'] } } },
      {
        key: 'c',
        value: {
          kind: 'list',
          items: [
            { kind: 'literal', value: 1 },
            { kind: 'expression', source: 'inputs.n' },
          ],
        },
      },
    ],
  })
})

test('outputs read as values are told from those passed on whole', () => {
  const plan = step(`    if: \${{ steps.one.outputs.a != '' && always() }}
    for_each: \${{ steps.one.outputs.b }}
    config:
      c: \${{ steps.one.outputs.c }}
      d: text \${{ steps.one.outputs.d }}
      e: \${{ steps.one.outputs['e'].deep }}
      f: \${{ [1].map(x, steps.one.outputs.f) }}
outputs:
  g: \${{ steps.one.outputs.g }}
  h: ["\${{ steps.one.outputs.h }}", { i: "\${{ steps.two.run.uuid }}" }]
`)
  expect(plan.steps[0]).toMatchObject({
    valueOutputs: ['a', 'b', 'd', 'e', 'f', 'g', 'h'],
    usedOutputs: ['a', 'b', 'c', 'd', 'e', 'f', 'g', 'h'],
    usesJobRun: false,
  })
  expect(plan.steps[1]).toMatchObject({
    usesJobRun: true,
    if: { statusFunctions: ['always'] },
    maxParallel: 10,
  })
})

test('a config that is one expression is evaluated as a value', () => {
  const plan = step('    config: ${{ steps.one.outputs.settings }}\n')
  expect(plan.steps[1]?.config).toEqual({ kind: 'expression', source: 'steps.one.outputs["settings"]' })
  expect(plan.steps[0]?.valueOutputs).toEqual(['settings'])
})

test('item and index exist where a for_each runs', () => {
  const plan = step("    for_each: [a, '${{ inputs.n }}']\n    config: { n: '${{ item }} ${{ index }}' }\n")
  expect(plan.steps[1]?.forEach).toEqual({
    kind: 'list',
    items: [
      { kind: 'literal', value: 'a' },
      { kind: 'expression', source: 'inputs.n' },
    ],
  })
})

test('secrets inside text keep their place', () => {
  const plan = step("    config: { a: 'Bearer ${{ secrets.A }}!' }\n")
  expect(plan.steps[1]?.config).toMatchObject({
    entries: [{ key: 'a', value: { kind: 'secret', parts: ['Bearer ', { secret: 'A' }, '!'] } }],
  })
})

test('expressions over several lines and with quotes escaped are read as YAML means them', () => {
  const plan = step(
    '    config:\n      a: >-\n        ${{ inputs.n\n        + 1 }}\n      b: "${{ \\"x\\" + \'}}\' }}"\n',
  )
  expect(plan.steps[1]?.config).toMatchObject({
    entries: [
      { value: { kind: 'expression', source: 'inputs.n + 1' } },
      { value: { kind: 'expression', source: `"x" + '}}'` } },
    ],
  })
})

test('job types that are known change nothing in the plan', () => {
  const text = review
    .replace('documents: ${{ inputs.documents }}', '')
    .replace('http_request', 'generate_issue')
  const { steps } = planOf(text, { jobTypes })
  expect(steps).toEqual(planOf(text).steps)
})

test('the schema for editors allows the fields and refuses others', () => {
  const schema = pipelineJsonSchema() as {
    properties: Record<string, unknown>
    additionalProperties: boolean
  }
  expect(Object.keys(schema.properties)).toEqual([
    'name',
    'description',
    'inputs',
    'connection',
    'defaults',
    'steps',
    'outputs',
    'concurrency',
    'priority',
    'notify',
    'schedule',
  ])
  expect(schema.additionalProperties).toBe(false)
  expect(JSON.stringify(schema)).toContain('"job_type"')
})

test('a drawing as text is a graph', () => {
  expect(drawPipeline(planOf(review), 'text')).toBe(`pdu-review
  ●    graph           metagraph_update · up to 3 generations
  ├─╮
  │ ●  issues          generate_issue · up to 3 generations
  │ ●  tickets         http_request · for each, 4 at once · if size(steps.issues.outputs.issues) > 0 · up to 3 generations · continues on failure
  ●    nightly_export  job 3f0c8a52-0000-4000-8000-000000000000 · up to 3 generations
  → outputs: issues
`)
})

test('a drawing says which step starts with any of its needs', () => {
  const text =
    'name: a\nsteps: { a: { job_type: x }, b: { job_type: x }, c: { needs: [a, b], start: any, job_type: x } }'
  expect(drawPipeline(planOf(text), 'text')).toContain('c  x · starts with any need\n')
})

test('lines of a drawing pass by what they have nothing to do with', () => {
  const needs = { a: [], b: ['a'], c: ['a'], x: [], d: ['b', 'c'], e: ['c', 'x'], f: ['d', 'e', 'a'] }
  const steps = Object.entries(needs).map(
    ([id, of]) => `  ${id}: { needs: [${of.join(', ')}], job_type: sleep, config: { duration: 1s } }`,
  )
  const text = `name: diamond\nsteps:\n${steps.join('\n')}\n`
  expect(drawPipeline(planOf(text), 'text').replaceAll('  sleep', '')).toBe(`diamond
  ●        a
  ├─╮
  │ ●      b
  ├─│─╮
  │ │ ●    c
  │ │ │ ●  x
  │ ├─┤ │
  │ ● │ │  d
  │ │ ├─╯
  │ │ ●    e
  ├─┴─╯
  ●        f
`)
})

const hostile = step(`    config: {}
    if: \${{ "<script>alert(1)</script>" != '"]; x' }}
  end: { needs: [two], job_type: '"><img src=x onerror=alert(1)>' }
`)

test('a drawing for Mermaid escapes what a label could break', () => {
  const text = drawPipeline(hostile, 'mermaid')
  expect(text).toMatch(/^flowchart LR\n/)
  expect(text).not.toMatch(/<script|<img/)
  expect(text).toContain('s2["end<br/>#34;#62;#60;img src=x onerror=alert(1)#62;"]')
  expect(text).toContain('  s1 --> s2\n')
})

test('a drawing as SVG is well-formed and escapes what it shows', () => {
  const svg = drawPipeline(hostile, 'svg')
  expect(svg).toMatch(/^<svg xmlns="http:\/\/www\.w3\.org\/2000\/svg"[^>]*>\n/)
  expect(svg).not.toMatch(/<script|<img|https?:\/\/(?!www\.w3\.org)/)
  expect(svg.match(/<g class="step"/g)).toHaveLength(3)
  expect(svg.match(/<path class="need"/g)).toHaveLength(2)
  expect(svg).toContain('&lt;script&gt;')
})

test('a plan says which schemas it was checked against, of the job types that it uses, where they were known', () => {
  const text = 'name: a\nsteps:\n  one: { job_type: metagraph_update, config: { system_id_or_name: pdu } }\n'
  const { jobTypes: digests, ...rest } = planOf(text, { jobTypes })
  expect(digests).toEqual({ metagraph_update: expect.stringMatching(/^[0-9a-f]{64}$/) })
  expect(planOf(text)).toEqual(rest)
  expect(planOf(text, { jobTypes: [], mayHaveOthers: true })).toEqual(rest)
  const elsewhere = planOf(`connection: partner\n${text}`, { jobTypes })
  expect(elsewhere).toEqual({ ...rest, connection: 'partner' })
})
