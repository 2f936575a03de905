import fc from 'fast-check'
import { expect, test } from 'vitest'
import { z } from 'zod'
import {
  type AnyPipeline,
  type AnyStep,
  and,
  cel,
  compilePipeline,
  completed,
  definePipeline,
  type Expr,
  type ExprOf,
  eq,
  exists,
  failed,
  gt,
  not,
  or,
  secret,
  size,
  text,
} from '../../../src/public/index.ts'

/** Text that YAML, CEL or the marks of expressions could take for something else. */
// biome-ignore-start lint/suspicious/noTemplateCurlyInString: it is meant
const nastyText = fc.oneof(
  fc.string({ unit: 'binary' }).filter((each) => each.isWellFormed()),
  fc.constantFrom(
    ...[
      '${{',
      '}}',
      'a ${{ b }} c',
      '$',
      '${',
      '<<',
      '*a',
      '&a',
      '!t',
      '# c',
      ': ',
      '- a',
      '',
      ' ',
      'null',
      'true',
      '1e3',
      '0x1',
      '010',
      '2026-01-01',
      '|',
      '>',
      '%YAML',
      '---',
      '...',
      '"',
      "'",
      '\\',
      '\n',
      'a\n  b\n\n',
      '\t',
      '\u0085',
      '\u2028',
      '\ufeff',
      '~',
      '=',
      '@',
      '`',
      'a\r\nb',
      ' lead',
      'trail ',
    ],
  ),
)
// biome-ignore-end lint/suspicious/noTemplateCurlyInString: it is meant
const key = nastyText.filter(
  (each) => !each.includes('${{') && !['__proto__', 'constructor', 'prototype'].includes(each),
)
const number = fc.oneof(
  fc.double({ noNaN: true, noDefaultInfinity: true }),
  fc.integer(),
  fc.constantFrom(1e20, 1e21, -0, 5e-324, 1e-7, 2 ** 53),
)
const { json } = fc.letrec<{ json: unknown }>((tie) => ({
  json: fc.oneof(
    { maxDepth: 3 },
    nastyText,
    number,
    fc.boolean(),
    fc.constant(null),
    fc.array(tie('json'), { maxLength: 3 }),
    fc.dictionary(key, tie('json'), { maxKeys: 3 }),
  ),
}))

interface Wanted {
  config: Record<string, unknown>
  reads: number[]
  each: boolean
  retry: boolean
  condition: number | undefined
  literal: string
}

const wanted = fc.array(
  fc.record<Wanted>({
    config: fc.dictionary(key, json, { maxKeys: 4 }),
    reads: fc.array(fc.nat(20), { maxLength: 3 }),
    each: fc.boolean(),
    retry: fc.boolean(),
    condition: fc.option(fc.nat(4), { nil: undefined }),
    literal: nastyText,
  }),
  { minLength: 1, maxLength: 4 },
)

function condition(kind: number, value: ExprOf<unknown>, literal: string): Expr<boolean> {
  const list = cel<string[]>`${value}.list`
  switch (kind) {
    case 0:
      return or(and(eq(value, literal), not(completed())), failed())
    case 1:
      return and(or(gt(size(list), 0), eq(value, [literal, { a: literal }])), completed())
    case 2:
      return exists(list, (item) => exists(list, (other) => or(eq(item, other), eq(item, literal))))
    case 3:
      return not(eq(text`${value} ${literal}`, literal))
    default:
      return cel<boolean>`${value} == ${literal} ? true : ${not(eq(value, literal))}`
  }
}

function build(steps: readonly Wanted[]): AnyPipeline {
  const inputs = z.object({
    name: z.string().max(1000).default('x'),
    list: z.array(z.string()).default(['a']),
    thing: z.record(z.string(), z.any()).default({}),
  })
  return definePipeline({ name: 'random', inputs, defaults: { timeout: '5m' } }, ({ inputs, step }) => {
    const made: (AnyStep & { outputs: { out?: Expr<unknown> } })[] = []
    steps.forEach(({ config, reads, each, retry, condition: kind, literal }, index) => {
      const values = reads.flatMap((read) => made[read % Math.max(1, made.length)]?.outputs.out ?? [])
      const [first = cel`dyn(${inputs.thing})`] = values
      const options = {
        config: { ...config, values, words: text`${literal}${inputs.name}${literal}`, key: secret('KEY') },
        ...(kind === undefined ? {} : { if: condition(kind, first, literal) }),
        ...(retry ? { retry: { attempts: 2, on: ['failed' as const] }, timeout: '3s' as const } : {}),
      }
      made.push(
        each
          ? step.each(`s${index}`, inputs.list, (item, at) => ({
              jobType: 'work',
              ...options,
              config: { ...options.config, item, at },
              maxParallel: 2,
            }))
          : step(`s${index}`, { jobType: 'work', ...options }),
      )
    })
    return { all: made.map(({ outputs }) => outputs.out) }
  })
}

test('whatever is built is the same again after it was YAML', () => {
  fc.assert(
    fc.property(wanted, (steps) => {
      const built = build(steps)
      const { plan, findings } = built.compile()
      expect(findings.filter(({ severity }) => severity === 'error')).toEqual([])
      const again = compilePipeline(built.toYaml(), { file: 'again.yaml' })
      expect(again.findings.filter(({ severity }) => severity === 'error')).toEqual([])
      expect(JSON.stringify(again.plan)).toBe(JSON.stringify(plan))
    }),
    { numRuns: 25 },
  )
})

test('schedules are the same in code, and again after they were YAML', () => {
  const built = definePipeline(
    {
      name: 'nightly',
      inputs: z.object({ unit: z.string() }),
      schedule: [
        {
          name: 'day',
          cron: '*/5 2 * * *',
          catchUp: { window: '2h', keep: 'all' },
          inputs: { unit: 'pump' },
        },
        { every: '1h', dst: { fold: 'both' }, until: '2030-12-31', paused: true, inputs: { unit: '@x' } },
      ],
    },
    ({ inputs, step }) => {
      step('a', { jobType: 'work', config: { unit: inputs.unit } })
    },
  )
  const { schedules, findings } = built.compile()
  expect(findings.map(({ code }) => code)).toEqual(['no_effect'])
  expect(schedules).toMatchObject([
    { name: 'day', spec: { cron: '*/5 2 * * *' }, catchUp: { windowMs: 7_200_000, keep: 'all' } },
    { name: 'nightly', spec: { everyMs: 3_600_000 }, paused: true, inputs: { unit: '@x' } },
  ])
  expect(compilePipeline(built.toYaml(), { file: 'again.yaml' }).schedules).toEqual(schedules)
})

test('what is wrong with a schedule in code is said at its pipeline, in the words of code', () => {
  const built = definePipeline(
    { name: 'nightly', schedule: { cron: '@daily', catchUp: { keep: 'lost' as never } } },
    ({ step }) => {
      step('a', { jobType: 'work' })
    },
  )
  const { schedules, findings } = built.compile()
  expect(schedules).toBeUndefined()
  expect(findings.map(({ code, file }) => [code, file.endsWith('yaml.test.ts')])).toEqual([
    ['wrong_value', true],
    ['bad_cron', true],
  ])
})
