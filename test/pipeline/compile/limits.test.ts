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

const numbers = (count: number) => JSON.stringify(Array.from({ length: count }, (_, index) => index))
const each = (id: string, count: number, more = '') =>
  `  ${id}: { job_type: x, for_each: ${numbers(count)}${more} }\n`

test('a `for_each` of more items than a run can carry is found before it', () => {
  expect(found(`name: p\nsteps:\n${each('a', 12_000)}`)).toEqual([])
  const [finding, ...others] = compile(`name: p\nsteps:\n${each('a', 12_001)}`).findings
  expect(others).toEqual([])
  expect(finding).toMatchObject({
    code: 'for_each_too_long',
    severity: 'error',
    line: 3,
    column: 21,
    message: '`for_each` has 12001 items; the limit of job runs of a pipeline run is 12000',
    fix: 'have each item do more, or run parts of the list in steps that run a pipeline',
  })
  // How many there are is known, whatever they will be.
  const read = `[ '\${{ inputs.n }}', ${numbers(12_000).slice(1)}`
  const head = 'name: p\ninputs: { n: { type: integer } }\nsteps:\n'
  expect(found(`${head}  a: { job_type: x, for_each: ${read} }`)).toEqual(['4:21 for_each_too_long'])
})

test('so are steps that make as many together, where all of them run', () => {
  const inputs = 'name: p\ninputs: { yes: { type: boolean } }\nsteps:\n'
  const many = each('a', 7_000)
  expect(found(`${inputs}${many}${each('b', 5_000)}`)).toEqual([])
  expect(found(`${inputs}${many}${each('b', 5_001)}${each('c', 2)}`)).toEqual(['5:21 for_each_too_long'])
  const first = `${many}  b: { job_type: x, if: '\${{ inputs.yes }}', needs: [d] }\n`
  expect(found(`${inputs}${first}${each('c', 7_000, ', needs: [b]')}${each('d', 1)}`)).toEqual([])
  expect(found(`${inputs}${first}${each('c', 12_001, ', needs: [b]')}${each('d', 1)}`)).toEqual([
    '6:21 for_each_too_long',
  ])
})

test('a config that is larger than one may be is found before the run, also by what of it is known', () => {
  const mebibyte = 1024 * 1024
  const of = (config: string) =>
    `name: p\ninputs: { n: { type: string } }\nsteps:\n  a:\n    job_type: x\n    config: ${config}\n`
  const text = (bytes: number) => `{ text: '${'x'.repeat(bytes - '{"text":""}'.length)}' }`
  expect(found(of(text(mebibyte)))).toEqual([])
  expect(compile(of(text(mebibyte + 1))).findings).toMatchObject([
    {
      code: 'config_too_large',
      severity: 'error',
      line: 6,
      column: 5,
      message: '`config` has 1048577 bytes as JSON; the limit is 1048576',
      fix: 'move large data into documents, or into an output of a step before it',
    },
  ])
  const large = 'x'.repeat(mebibyte)
  for (const config of [
    `{ n: '\${{ inputs.n }}', list: [ ${large} ] }`,
    `{ text: '\${{ inputs.n }}${large}' }`,
    `{ text: '\${{ secrets.n }}${large}' }`,
  ]) {
    const [finding] = compile(of(config)).findings
    expect(finding).toMatchObject({ code: 'config_too_large', line: 6, column: 5 })
    expect(finding?.message).toMatch(/^`config` has at least 10485\d\d bytes as JSON; the limit is 1048576$/)
  }
  expect(found(of(`{ n: '\${{ inputs.n }}', list: [ ${large.slice(100)} ] }`))).toEqual([])
})

test('a plan from outside is checked for the same', () => {
  const { plan } = compile(written)
  const limit = { key: { kind: 'literal', value: 'k' }, limit: 1, whenFull: 'queue' }
  const findings = (change: object) =>
    checkPlan({ ...plan, ...change }).findings.map(({ code, message }) => `${code} ${message.split(':')[0]}`)
  expect(findings({ priority: 0 })).toEqual(['bad_plan /priority'])
  expect(findings({ concurrency: { ...limit, limit: 0 } })).toEqual(['bad_plan /concurrency/limit'])
  const steps = plan?.steps.map((one) => ({ ...one, concurrency: limit }))
  const [one] = plan?.steps ?? []
  const value = { n: 'x'.repeat(1024 * 1024) }
  const list = Array.from({ length: 12_001 }, () => 0)
  const tooMuch = [{ ...one, config: { kind: 'literal', value }, forEach: { kind: 'literal', value: list } }]
  expect(findings({ steps: tooMuch })).toEqual([
    'for_each_too_long /steps/0/forEach',
    'config_too_large /steps/0/config',
  ])
  expect(findings({ concurrency: limit, steps })).toEqual(['limit_deadlock /steps', 'limit_deadlock /steps'])
})
