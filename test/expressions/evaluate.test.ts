import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import type { Json } from '../../src/base/json.ts'
import {
  ExpressionError,
  type ExpressionScope,
  evaluateCondition,
  evaluateExpression,
} from '../../src/expressions/evaluate.ts'

const scope: ExpressionScope = {
  inputs: {
    limit: 7,
    ratio: 2.5,
    name: 'pdu',
    tags: ['a', 'b'],
    none: null,
    odd: { constructor: 'mine', size: 3 },
    many: Array.from({ length: 3000 }, (_, index) => index),
  },
  steps: {
    graph: { status: 'completed', outputs: { metagraph: { id: 'm1', nodes: [1, 2] } } },
    failed: { status: 'failed', outputs: {} },
  },
  item: { title: 'x' },
  index: 2,
  pipeline: { run_id: 'run-1', started_at: '2026-04-13T10:10:00.000Z' },
}

function errorOf(source: string, within: ExpressionScope = scope): ExpressionError {
  try {
    evaluateExpression(source, within)
  } catch (error) {
    if (error instanceof ExpressionError) return error
    throw error
  }
  throw new Error(`${source} did not fail`)
}

test.each<[string, Json]>([
  ['inputs.limit * 2', 14],
  ['inputs.limit * 1.5', 10.5],
  ['1.5 + inputs.limit', 8.5],
  ['inputs.limit / 2', 3],
  ['double(inputs.limit) / 2', 3.5],
  ['inputs.limit == 7.0', true],
  ['inputs.ratio > inputs.limit', false],
  ['-inputs.limit', -7],
  ['inputs.tags.map(t, t + "!")', ['a!', 'b!']],
  ['inputs.tags.filter(t, t != "a")', ['b']],
  ['inputs.tags.exists(t, t == "b") && inputs.tags.all(t, size(t) == 1)', true],
  ['inputs.tags + ["c"]', ['a', 'b', 'c']],
  ['inputs.name + "-" + string(inputs.limit)', 'pdu-7'],
  ['inputs.none == null', true],
  ['has(steps.nope)', false],
  ['has(steps.graph.outputs.metagraph)', true],
  ['has(steps.graph.outputs.other)', false],
  ['steps.graph.outputs.metagraph', { id: 'm1', nodes: [1, 2] }],
  ["steps.graph.outputs['metagraph'].nodes[1]", 2],
  ['steps.failed.status', 'failed'],
  ['item.title + string(index)', 'x2'],
  ['pipeline.run_id', 'run-1'],
  ['{"a": 1, "b": [true, null, "x"]}', { a: 1, b: [true, null, 'x'] }],
  ['inputs.limit > 5 ? "many" : "few"', 'many'],
  ['json({"a": inputs.tags})', '{"a":["a","b"]}'],
  ['inputs.name.matches("^p.u$")', true],
  ['inputs.odd.size', 3],
  ['inputs.odd.map(k, k)', ['constructor', 'size']],
  ['"a,b".split(",").join("+")', 'a+b'],
])('%s is %j', (source, expected) => {
  expect(evaluateExpression(source, scope)).toEqual(expected)
})

test.each([
  ['inputs.nope', 'expression_missing_value', 'nope'],
  ['inputs.tags[5]', 'expression_missing_value', 'index 5'],
  ['pipeline.scheduled_for', 'expression_missing_value', 'scheduled_for'],
  ['nope', 'expression_unknown_name', 'nope'],
  ['inputs.name +', 'expression_syntax', 'EOF'],
  ['inputs.name + 1', 'expression_type', 'string'],
  ['inputs.limit ? 1 : 2', 'expression_type', 'bool'],
  ['1 / 0', 'expression_failed', 'division by zero'],
  ['1.0 / 0', 'expression_result', 'Infinity'],
  ['9007199254740991 + 2', 'expression_result', '9007199254740993'],
  ['b"x"', 'expression_refused', 'bytes'],
  ['timestamp("2020-01-01T00:00:00Z")', 'expression_unknown_function', 'timestamp'],
  ['completed()', 'expression_unknown_function', 'completed'],
  ['cel.bind(x, 1, x)', 'expression_unknown_function', 'bind'],
  ['inputs.name.matches("(?<=a)b")', 'expression_failed', 'RE2'],
  ['inputs.name.matches("(a)\\\\1")', 'expression_failed', 'RE2'],
])('%s fails with %s', (source, code, words) => {
  const error = errorOf(source)
  expect(error.code).toBe(code)
  expect(error.message).toContain(words)
  expect(error.message).toContain(source.slice(0, 20))
})

test('an item is unknown outside a for_each', () => {
  const { item: _item, index: _index, ...bare } = scope
  expect(errorOf('item', bare).code).toBe('expression_unknown_name')
})

test.each([
  '"".constructor.constructor("return process")()',
  'inputs.constructor',
  'inputs["constructor"]',
  'inputs.__proto__',
  'inputs.tags.__proto__.polluted',
  'inputs.odd.constructor',
  '{"__proto__": 1}',
  '[1].prototype',
  '"x".constructor("y")',
  'inputs.tags.map(constructor, 1)',
  'inputs.tags.map(__proto__, 1)',
])('%s is refused', (source) => {
  expect(['expression_refused', 'expression_syntax']).toContain(errorOf(source).code)
})

test.each([
  'inputs["const" + "ructor"]',
  'inputs["__pro" + "to__"]',
  'inputs["has" + "OwnProperty"]',
  'inputs["toStr" + "ing"]',
  'inputs.tags["len" + "gth"]',
  '{"a": 1}["const" + "ructor"]',
  '"abc"["len" + "gth"]',
])('%s reaches own properties only', (source) => {
  expect(errorOf(source).code).toMatch(/^expression_(missing_value|type)$/)
})

test('a key of data may have any name', () => {
  const data = JSON.parse('{"__proto__": {"x": 1}, "constructor": "c"}') as Json
  const value = evaluateExpression('item', { ...scope, item: data })
  expect(JSON.stringify(value)).toBe('{"__proto__":{"x":1},"constructor":"c"}')
  expect(({} as Record<string, unknown>).x).toBeUndefined()
})

test.each([
  'inputs.many.map(x, inputs.many)',
  'inputs.many.map(x, inputs.many + inputs.many)',
  'inputs.many.map(x, inputs.many.map(y, x * y))',
  'inputs.many.exists(x, inputs.many == [x])',
  'inputs.many.filter(x, inputs.many.all(y, y < 5000))',
  'inputs.many.map(x, json(inputs.many))',
])('%s runs out of its budget instead of blocking the worker', (source) => {
  expect(errorOf(source).code).toBe('expression_limit')
})

test('macros nested three deep are refused before they run', () => {
  const error = errorOf('[1].map(a, [1].map(b, [1].map(c, c)))')
  expect(error.code).toBe('expression_limit')
  expect(error.message).toContain('more than 2 deep')
})

test.each(['(a+)+$', '^(a|aa)+$', '^(a+)+b$', '(.*a){12}b'])(
  'the pattern %s cannot make matches() backtrack',
  (pattern) => {
    const text = `${'a'.repeat(5000)}!`
    const source = `inputs.text.matches(${JSON.stringify(pattern)})`
    expect(evaluateExpression(source, { ...scope, inputs: { text } })).toBe(false)
  },
)

test('a pattern whose work would be too large is stopped', () => {
  const text = 'a'.repeat(200_000)
  const source = 'inputs.text.matches("((a{1,20}){1,20}b){1,2}")'
  expect(errorOf(source, { ...scope, inputs: { text } }).code).toBe('expression_limit')
  expect(
    errorOf('inputs.name.matches(inputs.p)', { ...scope, inputs: { name: 'x', p: 'a'.repeat(2000) } }).code,
  ).toBe('expression_limit')
})

test.each([
  ['(', '(', 200],
  ['[', '[', 200],
  ['!', '!', 20_000],
  ['-', '- ', 3_000],
  ['1+', '1+', 4_000],
])('a source made of many %s is refused, not a crash', (_name, piece, times) => {
  expect(errorOf(`${piece.repeat(times)}1`).code).toMatch(/^expression_(limit|syntax)$/)
})

test('conditions answer the status functions from what the step needs', () => {
  const evaluate = (source: string, completed: boolean, failed: boolean) =>
    evaluateCondition(source, scope, { completed, failed })
  expect(evaluate('completed()', true, false)).toBe(true)
  expect(evaluate('completed()', false, false)).toBe(false)
  expect(evaluate('failed() && !completed()', false, true)).toBe(true)
  expect(evaluate('always()', false, true)).toBe(true)
  expect(evaluate('inputs.limit > 5', false, false)).toBe(true)
})

test('a condition that is no boolean says what it is', () => {
  const evaluate = () => evaluateCondition('inputs.tags', scope, { completed: true, failed: false })
  expect(evaluate).toThrow(/must be true or false.*is of type list/)
})

test('any JSON comes back from an expression as it went in', () => {
  fc.assert(
    fc.property(fc.jsonValue({ maxDepth: 4 }), (value) => {
      const result = evaluateExpression('item', { ...scope, item: value as Json })
      expect(JSON.stringify(result)).toBe(JSON.stringify(value))
    }),
  )
})

test('random sources either evaluate or fail with an ExpressionError', () => {
  const piece = fc.constantFrom(
    'inputs',
    'steps',
    'item',
    '.',
    'tags',
    'limit',
    '[',
    ']',
    '(',
    ')',
    '{',
    '}',
    ':',
    ',',
    '+',
    '-',
    '*',
    '/',
    '%',
    '==',
    '!=',
    '&&',
    '||',
    '!',
    '?',
    'in',
    '1',
    '2.5',
    '"x"',
    'null',
    'true',
    'has',
    'size',
    'map',
    'x',
    ' ',
    'json',
    'matches',
    'constructor',
    '__proto__',
    'r"',
    '\n',
    '//',
    '🙂',
  )
  fc.assert(
    fc.property(fc.array(piece, { maxLength: 14 }), (pieces) => {
      const source = pieces.join('')
      try {
        evaluateExpression(source, scope)
      } catch (error) {
        expect(error, source).toBeInstanceOf(ExpressionError)
      }
    }),
    { numRuns: 3000 },
  )
})

describe('positions in text', () => {
  const text = 'a🙂b🙂c'
  const of = (source: string, value: string = text) =>
    evaluateExpression(source, { ...scope, characters: true, inputs: { text: value } })

  test.each<[string, Json]>([
    ['size(inputs.text)', 5],
    ['inputs.text.indexOf("b")', 2],
    ['inputs.text.indexOf("🙂", 2)', 3],
    ['inputs.text.indexOf("x")', -1],
    ['inputs.text.lastIndexOf("🙂")', 3],
    ['inputs.text.lastIndexOf("🙂", 2)', 1],
    ['inputs.text.substring(1, 2)', '🙂'],
    ['inputs.text.substring(inputs.text.indexOf("b"))', 'b🙂c'],
    ['inputs.text.substring(size(inputs.text))', ''],
    ['inputs.text.split("")', ['a', '🙂', 'b', '🙂', 'c']],
    ['inputs.text.split("🙂")', ['a', 'b', 'c']],
    ['inputs.text.split("", 2)', ['a', '🙂b🙂c']],
  ])('%s counts characters', (source, expected) => {
    expect(of(source)).toEqual(expected)
  })

  test('outside of the text, or of another type, are refused', () => {
    for (const source of [
      'substring(6)',
      'substring(-1)',
      'substring(3, 2)',
      'indexOf("a", 5)',
      'lastIndexOf("a", -1)',
    ])
      expect(() => of(`inputs.text.${source}`), source).toThrow(/outside of the text/)
    expect(() => of('dyn(5).indexOf("a")')).toThrow(/no such overload/)
    expect(() => of('inputs.text.substring(dyn(1.5))')).toThrow(/no such overload/)
  })

  test('are those of the library in text without pairs, and in runs of older plans', () => {
    const small = fc.integer({ min: -1, max: 4 })
    const call = fc.oneof(
      fc
        .tuple(fc.constantFrom('indexOf', 'lastIndexOf', 'split'), fc.constantFrom('a', '', 'ab'))
        .map(([name, wanted]) => `${name}('${wanted}')`),
      fc
        .tuple(fc.constantFrom('indexOf', 'lastIndexOf', 'split'), fc.constantFrom('a', '', 'ab'), small)
        .map(([name, wanted, at]) => `${name}('${wanted}', ${at})`),
      small.map((at) => `substring(${at})`),
      fc.tuple(small, small).map(([from, to]) => `substring(${from}, ${to})`),
    )
    const outcome = (source: string, inputs: { text: string }, characters: boolean): Json => {
      try {
        return [evaluateExpression(source, { ...scope, inputs, characters })]
      } catch {
        return 'refused'
      }
    }
    fc.assert(
      fc.property(fc.string({ unit: fc.constantFrom('a', 'b', 'é'), maxLength: 4 }), call, (own, method) => {
        const source = `inputs.text.${method}`
        expect(outcome(source, { text: own }, true)).toEqual(outcome(source, { text: own }, false))
      }),
    )
    expect(outcome('inputs.text.indexOf("b")', { text }, false)).toEqual([3])
  })
})
