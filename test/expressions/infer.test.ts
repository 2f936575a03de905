import fc from 'fast-check'
import { expect, test } from 'vitest'
import type { Json } from '../../src/base/json.ts'
import { createEnvironment } from '../../src/expressions/environment.ts'
import { type ExpressionScope, evaluateExpression } from '../../src/expressions/evaluate.ts'
import { infer } from '../../src/expressions/infer.ts'
import { fieldsAskedFor, type Inference } from '../../src/expressions/inference.ts'
import {
  clashOf,
  intersection,
  shapeOf,
  shapeOfKinds,
  union,
  type ValueShape,
} from '../../src/expressions/value-shape.ts'
import { isOf } from './shapes.ts'

/** fast-check prints the seed and the smallest failing case by itself. */

const scalar = fc.oneof(
  fc.constantFrom<Json>(null, true, false, 0, 1, 2, -3, 1.5, 1e300, 'a', 'b', ''),
  fc.integer({ min: -5, max: 5 }),
)
const field = fc.constantFrom('a', 'b', 'c')
const value: fc.Arbitrary<Json> = fc.letrec<{ value: Json }>((tie) => ({
  value: fc.oneof(
    { maxDepth: 3 },
    scalar,
    fc.array(tie('value'), { maxLength: 3 }),
    fc.dictionary(field, tie('value'), { maxKeys: 3, noNullPrototype: true }) as fc.Arbitrary<Json>,
  ),
})).value

const literal = fc.constantFrom(
  '1',
  '2',
  '1.5',
  '2.0',
  '-3',
  "'a'",
  "''",
  'true',
  'false',
  'null',
  '[]',
  '{}',
)
const name = fc.constantFrom('inputs.x', 'inputs.y', 'inputs.z', 'steps.s.outputs.o', 'item', 'index')
const expression = (isCertain: boolean) =>
  fc.letrec<{ e: string }>((tie) => {
    const e = tie('e')
    const one = (form: (a: string) => string) => e.map(form)
    const two = (form: (a: string, b: string) => string) => fc.tuple(e, e).map(([a, b]) => form(a, b))
    const binary = fc.constantFrom('+', '-', '*', '/', '%', '<', '>=', '==', '!=', 'in')
    const method = fc.constantFrom('trim()', 'size()', "contains('a')", "indexOf('a')", "split('')", 'join()')
    const perhaps = [
      two((a, b) => `(${a} && ${b})`),
      two((a, b) => `(${a} || ${b})`),
      fc.tuple(e, e, e).map(([a, b, c]) => `(${a} ? ${b} : ${c})`),
      fc
        .tuple(
          fc.constantFrom('map', 'filter', 'exists', 'all'),
          e,
          fc.oneof(e, fc.constantFrom('v', 'v.a', 'v == 1')),
        )
        .map(([macro, over, body]) => `(${over}).${macro}(v, ${body})`),
      fc.tuple(e, field).map(([a, f]) => `has((${a}).${f})`),
    ]
    return {
      e: fc.oneof(
        { maxDepth: 3, depthSize: 'small' },
        name,
        literal,
        fc.tuple(e, field).map(([a, f]) => `(${a}).${f}`),
        fc.tuple(e, fc.constantFrom('0', "'a'")).map(([a, i]) => `(${a})[${i}]`),
        fc.tuple(e, binary, e).map(([a, op, b]) => `(${a} ${op} ${b})`),
        fc.tuple(e, method).map(([a, m]) => `(${a}).${m}`),
        one((a) => `!(${a})`),
        one((a) => `-(${a})`),
        fc
          .tuple(fc.constantFrom('size', 'string', 'int', 'double', 'json', 'dyn'), e)
          .map(([f, a]) => `${f}(${a})`),
        two((a, b) => `[${a}, ${b}]`),
        two((a, b) => `{'a': ${a}, 'b': ${b}}`),
        ...(isCertain ? [] : perhaps),
      ),
    }
  }).e

const environment = createEnvironment({ statusFunctions: false })

/** What is inferred from shapes that each hold one of several values, and what comes of each choice of values. */
function look(
  source: string,
  choices: Json[][],
): { shape: ValueShape; inference: Inference; results: Json[] } {
  const shapes = choices[0]?.map((_, index) =>
    choices.map((values) => shapeOf(values[index] as Json)).reduce(union),
  ) as ValueShape[]
  const { ast } = environment.parse(source)
  const map = (fields: [string, ValueShape][]): ValueShape => ({
    ...shapeOfKinds('map'),
    fields: new Map(fields),
  })
  const [x, y, z, o, item] = shapes as [ValueShape, ValueShape, ValueShape, ValueShape, ValueShape]
  const inference: Inference = {
    names: new Map([
      [
        'inputs',
        map([
          ['x', x],
          ['y', y],
          ['z', z],
        ]),
      ],
      ['steps', map([['s', map([['outputs', map([['o', o]])]])]])],
      ['item', item],
      ['index', shapeOfKinds('integer')],
    ]),
    bound: new Set(),
    askedFor: fieldsAskedFor(ast),
    statuses: [],
    conditional: false,
    problems: [],
  }
  const shape = infer(inference, ast)
  const results = choices.flatMap((values) => {
    const [x, y, z, o, item] = values as [Json, Json, Json, Json, Json]
    const scope: ExpressionScope = {
      inputs: { x, y, z },
      steps: { s: { status: 'completed', outputs: { o } } },
      item,
      index: 1,
      pipeline: { run_id: 'r', started_at: '' },
    }
    try {
      return [evaluateExpression(source, scope)]
    } catch {
      return []
    }
  })
  return { shape, inference, results }
}

const choices = fc.array(fc.array(value, { minLength: 5, maxLength: 5 }), { minLength: 1, maxLength: 3 })

test('whatever an expression gives is what was inferred of it', () => {
  let given = 0
  fc.assert(
    fc.property(expression(false), choices, (source, data) => {
      const { shape, results } = look(source, data)
      given += results.length
      for (const result of results)
        expect(isOf(result, shape), `${source} gave ${JSON.stringify(result)}`).toBe(true)
    }),
    { numRuns: 2000 },
  )
  expect(given).toBeGreaterThan(300)
})

test('an expression that gives something, whatever its values, is not told wrong', () => {
  fc.assert(
    fc.property(expression(true), choices, (source, data) => {
      const { inference, results } = look(source, data)
      if (results.length === 0) return
      expect(
        inference.problems.filter(({ severity }) => severity === undefined),
        source,
      ).toEqual([])
    }),
    { numRuns: 2000 },
  )
})

test('a value that is of two shapes is of their intersection, and they do not clash', () => {
  fc.assert(
    fc.property(value, value, value, (own, a, b) => {
      const [left, right] = [union(shapeOf(own), shapeOf(a)), union(shapeOf(b), shapeOf(own))]
      expect(isOf(own, left) && isOf(own, right)).toBe(true)
      expect(isOf(own, intersection(left, right))).toBe(true)
      expect(clashOf(left, right)).toBeUndefined()
      expect(clashOf(shapeOf(own), right)).toBeUndefined()
    }),
  )
})
