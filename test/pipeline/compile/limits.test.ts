// biome-ignore-all lint/suspicious/noTemplateCurlyInString: the marks of our own templates
import { expect, test } from 'vitest'
import { z } from 'zod'
import { checkPlan, compilePipeline, definePipeline } from '../../../src/pipeline/index.ts'

const compile = (text: string) => compilePipeline(text, { file: 'p.yaml' })
const found = (text: string) =>
  compile(text).findings.map(({ line, column, code }) => `${line}:${column} ${code}`)

const written = `name: ship
inputs:
  customer:
    type: string
concurrency:
  key: c-\${{ inputs.customer }}
  limit: 3
  when_full: skip
priority: 2
steps:
  a:
    job_type: x
    concurrency: {}
    priority: 1
  b:
    for_each: [ 1, 2 ]
    job_type: x
    concurrency:
      key: \${{ item }}
`

test('a limit is in the plan, with what is left out', () => {
  const { plan } = compile(written)
  expect(plan?.concurrency).toEqual({
    key: { kind: 'text', parts: ['c-', { source: 'inputs.customer' }] },
    limit: 3,
    whenFull: 'skip',
  })
  expect(plan?.priority).toBe(2)
  const own = plan?.steps.map(({ concurrency, priority }) => ({ concurrency, priority }))
  expect(own).toEqual([
    { concurrency: { key: { kind: 'literal', value: 'ship/a' }, limit: 1, whenFull: 'queue' }, priority: 1 },
    { concurrency: { key: { kind: 'expression', source: 'item' }, limit: 1, whenFull: 'queue' } },
  ])
  expect(checkPlan(plan).findings).toEqual([])
})

test('in code it is the same', () => {
  const pipeline = definePipeline(
    {
      name: 'ship',
      inputs: z.object({ customer: z.string() }),
      concurrency: ({ customer }) => ({ key: customer, limit: 3, whenFull: 'skip' }),
      priority: 2,
    },
    ({ step }) => {
      step('a', { jobType: 'x', concurrency: {}, priority: 1 })
      step.each('b', [1, 2], (item) => ({ jobType: 'x', concurrency: { key: item } }))
    },
  )
  expect(pipeline.compile().findings).toEqual([])
  const { plan } = compile(pipeline.toYaml())
  expect(plan).toEqual(pipeline.compile().plan)
  expect(plan?.concurrency).toMatchObject({
    key: { kind: 'expression', source: 'inputs.customer' },
    limit: 3,
    whenFull: 'skip',
  })
})

const step = 'steps: { a: { job_type: x } }'
test.each([
  [`name: p\nconcurrency: 3\n${step}`, ['2:14 wrong_type']],
  [`name: p\nconcurrency: { limit: 0 }\n${step}`, ['2:23 out_of_range']],
  [`name: p\nconcurrency: { limit: 1001 }\n${step}`, ['2:23 out_of_range']],
  [`name: p\nconcurrency: { when_full: wait }\n${step}`, ['2:27 wrong_value']],
  [`name: p\nconcurrency: { group: x }\n${step}`, ['2:16 unknown_field']],
  [`name: p\nconcurrency: { key: '' }\n${step}`, ['2:21 bad_limit_key']],
  [`name: p\nconcurrency: { key: ${'x'.repeat(201)} }\n${step}`, ['2:21 bad_limit_key']],
  [`name: p\nconcurrency: { key: true }\n${step}`, ['2:21 wrong_type']],
  [`name: p\nconcurrency: { key: '\${{ [1] }}' }\n${step}`, ['2:21 bad_limit_key']],
  [`name: p\nconcurrency: { key: '\${{ steps.a.status }}' }\n${step}`, ['2:26 unknown_step']],
  [`name: p\nconcurrency: { key: '\${{ secrets.x }}' }\n${step}`, ['2:26 secret_outside_config']],
  [`name: p\npriority: 6\n${step}`, ['2:11 out_of_range']],
  [
    'name: p\nconcurrency: { key: k }\nsteps: { a: { job_type: x, concurrency: { key: k } } }',
    ['3:10 limit_deadlock'],
  ],
])('a wrong limit is one finding, at its place: %s', (text, expected) => {
  expect(found(text)).toEqual(expected)
})

test('a pipeline that is a step, and asks for a place that is held around it, is found', () => {
  const inner = compile(`name: inner\nconcurrency: { key: k }\n${step}`)
  const resolvePipeline = () => inner
  const around = (concurrency: string, own: string) =>
    compilePipeline(`name: outer\n${concurrency}\nsteps: { a: { pipeline: inner${own} } }`, {
      file: 'p.yaml',
      resolvePipeline,
    }).findings.map(({ code }) => code)
  expect(around('concurrency: { key: k }', '')).toEqual(['limit_deadlock'])
  expect(around('priority: 1', ', concurrency: { key: k }')).toEqual(['limit_deadlock'])
  expect(around('concurrency: { key: other }', '')).toEqual([])
})

test('a plan from outside is checked for the same', () => {
  const { plan } = compile(written)
  const limit = { key: { kind: 'literal', value: 'k' }, limit: 1, whenFull: 'queue' }
  const findings = (change: object) =>
    checkPlan({ ...plan, ...change }).findings.map(({ code, message }) => `${code} ${message.split(':')[0]}`)
  expect(findings({ priority: 0 })).toEqual(['bad_plan /priority'])
  expect(findings({ concurrency: { ...limit, limit: 0 } })).toEqual(['bad_plan /concurrency/limit'])
  const steps = plan?.steps.map((one) => ({ ...one, concurrency: limit }))
  expect(findings({ concurrency: limit, steps })).toEqual(['limit_deadlock /steps', 'limit_deadlock /steps'])
})
