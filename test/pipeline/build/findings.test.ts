import { readFileSync } from 'node:fs'
import { expect, test } from 'vitest'
import { z } from 'zod'
import {
  type AnyPipeline,
  always,
  cel,
  definePipeline,
  eq,
  has,
  pipeline,
  text,
} from '../../../src/public/index.ts'

/*
 * What the types would refuse, or cannot see, in programs that run all the same. A line that has to be named ends in a comment with the
 * code of its finding (`//^`: the line above).
 */

const source = readFileSync(import.meta.filename, 'utf8').split('\n')
/** For what the compiler would not let pass. */
const untyped = (value: unknown): never => value as never
class Money {
  amount = 3
}
const cycle: Record<string, unknown> = {}
cycle['self'] = { cycle }
let leaked: unknown
const other = definePipeline({ name: 'other', inputs: z.object({ a: z.string() }) }, ({ inputs }) => {
  leaked = inputs.a
})

const cases: Record<string, () => AnyPipeline> = {
  'a step before its definition': () =>
    definePipeline({ name: 'p' }, ({ step }) => {
      const late = () => a //> used_before_defined
      step('b', { jobId: 'x', config: { a: late().outputs.x } })
      const a = step('a', { jobId: 'x' })
    }),
  'two steps of one name': () =>
    definePipeline({ name: 'p' }, ({ step }) => {
      step('a', { jobId: 'x' })
      step('a', { jobId: 'y' }) //> duplicate_key
    }),
  'a function that awaits': () =>
    definePipeline({ name: 'p' }, async ({ step }) => {
      //^ builder_awaits
      await Promise.resolve()
      step('a', { jobId: 'x' })
    }),
  'a function that throws': () =>
    definePipeline({ name: 'p' }, ({ step }) => {
      step('a', { jobId: 'x' })
      throw new Error('no') //> builder_throws
    }),
  'a function of an item that awaits': () =>
    definePipeline({ name: 'p' }, ({ step }) => {
      const later = untyped(async () => ({ jobId: 'x' }))
      step.each('a', ['x'], later) //> builder_awaits
    }),
  'values that no JSON has': () =>
    definePipeline({ name: 'p' }, ({ step }) => {
      step('date', { jobId: 'x', config: { v: new Date(0) } }) //> not_json
      step('big', { jobId: 'x', config: { v: 1n } }) //> not_json
      step('nan', { jobId: 'x', config: { v: [Number.NaN] } }) //> not_json
      step('instance', { jobId: 'x', config: { v: new Money() } }) //> not_json
      step('cycle', { jobId: 'x', config: { v: cycle } }) //> not_json
      step('code', { jobId: 'x', config: { v: () => 3 } }) //> not_json
      step('symbol', { jobId: 'x', config: { v: Symbol('s') } }) //> not_json
      step('hole', { jobId: 'x', config: { v: [undefined] } }) //> not_json
      step('promise', { jobId: 'x', config: { v: Promise.resolve(3) } }) //> not_json
      step('half', { jobId: 'x', config: { v: '\ud800' } }) //> bad_text
      const a = step('fine', { jobId: 'x', config: { v: undefined, w: Object.create(null), x: [[], {}] } })
      step('step', { jobId: 'x', config: { v: a } }) //> step_as_value
    }),
  'a huge literal': () =>
    definePipeline({ name: 'p' }, ({ step }) => {
      step('a', { jobId: 'x', config: { v: 'x'.repeat(2 * 1024 * 1024) } }) //> literal_too_large
    }),
  'a job type that an expression gives': () =>
    definePipeline({ name: 'p', inputs: z.object({ t: z.string() }) }, ({ inputs, step }) => {
      const options = { jobType: inputs.t, config: {} } //> expression_not_allowed
      step('a', untyped(options))
    }),
  'an expression that is used as if it had a value': () =>
    definePipeline(
      { name: 'p', inputs: z.object({ n: z.number(), l: z.array(z.string()) }) },
      ({ inputs, step }) => {
        step('a', { jobId: `${inputs.n}` }) //> expression_misused
        if (untyped(inputs.n) > 3) step('b', { jobId: 'x' }) //> expression_misused
        step('c', { jobId: 'x', config: { v: JSON.stringify({ n: inputs.n }) } }) //> expression_misused
        step('d', { jobId: 'x', config: { ...(untyped(inputs.l) as object) } }) //> expression_misused
        for (const l of untyped(inputs.l) as string[]) step(l, { jobId: 'x' }) //> expression_misused
        step('e', { jobId: 'x', config: { v: String(inputs.n) } }) //> expression_misused
        void (inputs as unknown as PromiseLike<unknown>).then //> expression_misused
      },
    ),
  'values of other pipelines and other steps': () =>
    definePipeline({ name: 'p' }, ({ step }) => {
      step('a', { jobId: 'x', config: { v: leaked } })
      let item: unknown
      step.each('b', ['x'], (each) => {
        item = each
        return { jobId: each }
      })
      step.each('c', ['x'], () => ({ jobId: 'x', config: { v: untyped(item) } }))
      step.each('d', ['x'], (each) => ({ jobId: 'x', if: eq(each, 'x') })) //> item_outside_for_each
    }),
  'a name that is not there': () =>
    definePipeline({ name: 'p', inputs: z.object({ name: z.string() }) }, ({ inputs, step }) => {
      step('a', {
        jobId: 'x',
        config: {
          v: (inputs as { nam?: unknown }).nam, //> unknown_input
          w: cel`${inputs.name} +`, //> expression_syntax
        },
      })
    }),
  'inputs that no plan carries': () =>
    definePipeline(
      {
        name: 'p',
        inputs: z.object({ a: z.string().transform(Number) }),
      },
      () => undefined,
    ),
  'an output that may not be there': () =>
    definePipeline({ name: 'p' }, ({ step }) => {
      const a = step('a', { jobId: 'x' })
      step('b', {
        jobId: 'x',
        if: always(),
        config: {
          v: a.outputs.report, //> output_may_be_missing
          w: cel`${has(a.outputs.report)} ? ${a.outputs.report} : null`,
        },
      })
    }),
}

const first = (name: string): number => source.findIndex((line) => line.includes(`'${name}': () =>`))
const names = Object.keys(cases)

test.each(names)('%s is found at its line', (name) => {
  const from = first(name)
  const to = source.findIndex((line, index) => index > from && /^ {2}'|^}/.test(line))
  const expected = source.slice(from, to).flatMap((line, index) => {
    const [, mark, code] = /\/\/([>^]) (\w+)/.exec(line) ?? []
    return code ? [{ line: from + index + (mark === '>' ? 1 : 0), code }] : []
  })
  const { findings } = cases[name]!().compile()
  for (const finding of findings) expect(finding).toMatchObject({ file: import.meta.filename })
  const found = new Set(findings.map(({ line, code }) => `${line} ${code}`))
  for (const { line, code } of expected) expect([...found]).toContain(`${line} ${code}`)
})

test('nothing else is said of these programs', () => {
  const codes = (name: string) => [
    ...new Set(
      cases[name]!()
        .compile()
        .findings.map(({ code }) => code),
    ),
  ]
  expect(codes('a step before its definition')).toEqual(['used_before_defined'])
  expect(codes('a function that awaits')).toEqual(['builder_awaits'])
  expect(codes('a function that throws')).toEqual(['builder_throws'])
  expect(codes('values of other pipelines and other steps').toSorted()).toEqual([
    'foreign_expression',
    'foreign_item',
    'item_outside_for_each',
  ])
  expect(codes('inputs that no plan carries')).toEqual(['bad_input_schema', 'no_steps'])
})

// biome-ignore-start lint/suspicious/noTemplateCurlyInString: it is meant
test('text that looks like an expression is text', () => {
  const p = definePipeline({ name: 'p' }, ({ step }) => {
    step('a', { jobId: 'x', config: { v: 'a ${{ b }} c', w: text`${'${{'} ${pipeline.runId}` } })
  })
  const { plan, findings } = p.compile()
  expect(findings).toEqual([])
  expect(JSON.stringify(plan?.steps[0]?.config)).toBe(
    '{"kind":"object","entries":[{"key":"v","value":{"kind":"text","parts":["a ",{"source":"\\"${{\\""}," b }} c"]}},{"key":"w","value":{"kind":"text","parts":[{"source":"\\"${{\\""}," ",{"source":"pipeline.run_id"}]}}]}',
  )
})

// biome-ignore-end lint/suspicious/noTemplateCurlyInString: it is meant

test('a value that has left its pipeline says so, whoever uses it', () => {
  expect(other.compile().plan).toBeUndefined()
  expect(() => `${leaked}`).toThrow('has no value before the pipeline runs')
})
