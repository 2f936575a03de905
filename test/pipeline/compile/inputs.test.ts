import { expect, test } from 'vitest'
import type { Json } from '../../../src/base/json.ts'
import { resolveInputs } from '../../../src/pipeline/index.ts'
import { planOf } from './helpers.ts'

const plan = planOf(`name: a
inputs:
  s: { type: string, default: text }
  n: { type: number, default: 1.5 }
  i: { type: integer, default: 2 }
  b: { type: boolean, default: false }
  list: { type: array, default: [1] }
  map: { type: object, default: { k: v } }
  level: { type: string, enum: [low, high], default: low }
  needed: { type: string }
steps: { one: { job_type: x } }
`)

const codes = (given: Record<string, Json>) =>
  resolveInputs(plan, { needed: 'x', ...given }).findings.map((finding) => finding.code)

test('defaults fill what is not given', () => {
  expect(resolveInputs(plan, { needed: 'x' })).toEqual({
    inputs: { s: 'text', n: 1.5, i: 2, b: false, list: [1], map: { k: 'v' }, level: 'low', needed: 'x' },
    findings: [],
  })
})

test('text of the command line is read as its input type says', () => {
  const given = {
    s: '5',
    n: '-2.5e3',
    i: '42',
    b: 'true',
    list: '["a", 1]',
    map: '{"a": {"b": null}}',
    needed: '',
  }
  expect(resolveInputs(plan, given).inputs).toEqual({
    s: '5',
    n: -2500,
    i: 42,
    b: true,
    list: ['a', 1],
    map: { a: { b: null } },
    level: 'low',
    needed: '',
  })
})

test.each([
  ['n', ''],
  ['n', '0x10'],
  ['n', '1,5'],
  ['n', 'NaN'],
  ['n', '1e999'],
  ['i', '1.5'],
  ['i', '9007199254740993'],
  ['n', '9007199254740993'],
  ['n', '1e400'],
  ['n', '1e-400'],
  ['list', '[12345678901234567890]'],
  ['map', '{"a":1,"a":2}'],
  ['map', { a: [Number.NaN] }],
  ['b', 'yes'],
  ['b', '1'],
  ['list', '{}'],
  ['map', '[]'],
  ['map', 'null'],
  ['map', '{"__proto__": {"x": 1}}'],
  ['map', '{"a": [{"constructor": 1}]}'],
  ['level', 'medium'],
])('%s=%s is refused', (name, value) => {
  expect(codes({ [name]: value })).toEqual(['wrong_input'])
})

test.each<[string, Json]>([
  ['s', 5],
  ['n', true],
  ['i', 1.5],
  ['list', {}],
])('%s given as the JSON %j is refused', (name, value) => {
  expect(codes({ [name]: value })).toEqual(['wrong_input'])
})

test('all problems come at once, with the nearest name', () => {
  const { inputs, findings } = resolveInputs(plan, { lvel: 'x', i: 'x', constructor: 'x' })
  expect(inputs).toBeUndefined()
  expect(findings.map((finding) => finding.code)).toEqual([
    'unknown_input',
    'unknown_input',
    'wrong_input',
    'missing_input',
  ])
  expect(findings[0]?.fix).toBe('did you mean `level`?')
  expect(findings.at(-1)?.fix).toBe('give it: -i needed=…')
})

test('inputs that are too large together are refused, with bytes and limit', () => {
  const { findings } = resolveInputs(plan, { needed: '漢'.repeat(200_000) })
  expect(findings).toMatchObject([{ code: 'inputs_too_large' }])
  expect(findings[0]?.message).toMatch(/have 600\d{3} bytes; at most 524288/)
})
