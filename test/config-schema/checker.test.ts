import { describe, expect, test } from 'vitest'
import type { Json, JsonObject } from '../../src/base/json.ts'
import { createConfigChecker, UnusableSchemaError } from '../../src/config-schema/index.ts'
import { isReference, type JobTypeSchemaEntry } from '../../src/contract/index.ts'

function entry(schema: JsonObject, onRead?: () => void): JobTypeSchemaEntry {
  return {
    job_type: 't',
    display_name: 'T',
    description: '',
    user_facing_description: '',
    get json_schema() {
      onRead?.()
      return schema
    },
    creatable_on_ui: true,
    creatable_by_agent: true,
    visible_on_ui: true,
  }
}

const isUnknown = (value: Json | undefined) => typeof value === 'string' && value.startsWith('?')

function problems(schema: JsonObject, config: JsonObject) {
  return createConfigChecker().check(entry(schema), config, isUnknown)
}

/** `pointer keyword` of each. */
function verdicts(schema: JsonObject, config: JsonObject): string[] {
  return problems(schema, config).map(({ pointer, keyword }) => `${pointer} ${keyword}`)
}

describe('a schema', () => {
  test('is compiled when it is first needed, and once', () => {
    let reads = 0
    const counted = entry({ type: 'object', required: ['a'] }, () => {
      reads += 1
    })
    const checker = createConfigChecker()
    expect(reads).toBe(0)
    expect(checker.check(counted, {}, isUnknown)).toHaveLength(1)
    expect(checker.check(counted, { a: 1 }, isUnknown)).toEqual([])
    checker.prepare(counted)
    expect(reads).toBe(1)
  })

  test('that cannot be compiled says so every time, and is tried once', () => {
    let reads = 0
    const broken = entry({ properties: { a: { type: 'strin' } } }, () => {
      reads += 1
    })
    const checker = createConfigChecker()
    for (let time = 0; time < 2; time += 1)
      expect(() => checker.check(broken, {}, isUnknown)).toThrow(UnusableSchemaError)
    expect(() => checker.prepare(broken)).toThrow(/job type t cannot be used: .*must be/)
    expect(reads).toBe(1)
  })

  test.each<[string, JsonObject]>([
    [
      'whose code fails',
      { patternProperties: { a: false }, anyOf: [{ additionalProperties: false }, false] },
    ],
    ['that refers to itself alone', { $ref: '#' }],
  ])('%s says that it cannot be used', (_, schema) => {
    const check = () => [{}, { a: null }, { b: 1 }].map((config) => problems(schema, config))
    expect(check).toThrow(UnusableSchemaError)
  })
})

describe('a problem', () => {
  test('says where it is, what is wrong and what would be right', () => {
    const schema = {
      properties: {
        n: { type: ['integer', 'null'] },
        mode: { enum: ['fast', 'slow'] },
        kind: { const: 'x' },
        at: { type: 'string', format: 'date-time' },
      },
      required: ['a/b'],
      additionalProperties: false,
    } satisfies JsonObject
    expect(problems(schema, { n: 'x', mode: 'fats', kind: 'y', at: 'noon', 'c~d': 1 })).toEqual(
      expect.arrayContaining([
        { pointer: '/a~1b', keyword: 'required', message: 'is required' },
        {
          pointer: '/c~0d',
          keyword: 'additionalProperties',
          message: 'is not a field of this job type',
          allowed: ['n', 'mode', 'kind', 'at'],
        },
        { pointer: '/n', keyword: 'type', message: 'must be integer,null', allowed: ['integer', 'null'] },
        {
          pointer: '/mode',
          keyword: 'enum',
          message: 'must be equal to one of the allowed values: ["fast","slow"]',
          allowed: ['fast', 'slow'],
        },
        { pointer: '/kind', keyword: 'const', message: 'must be equal to constant: "x"', allowed: ['x'] },
        {
          pointer: '/at',
          keyword: 'format',
          message: 'must match format "date-time"',
          example: expect.stringContaining('T'),
        },
      ]),
    )
  })

  test('names the key that is meant where the map around it is blamed', () => {
    const names = { properties: { env: { propertyNames: { pattern: '^[A-Z]+$' } } } }
    expect(problems(names, { env: { GOOD: 1, bad: 2 } })).toMatchObject([
      { pointer: '/env', keyword: 'pattern', key: 'bad' },
      { pointer: '/env', keyword: 'propertyNames', key: 'bad' },
    ])
    expect(problems({ properties: { a: true }, unevaluatedProperties: false }, { a: 1, b: 2 })).toMatchObject(
      [{ pointer: '', keyword: 'unevaluatedProperties', key: 'b' }],
    )
  })
})

test.each(['date', 'date-time', 'duration', 'email', 'hostname', 'ipv4', 'ipv6', 'time', 'uri', 'uuid'])(
  'the example of a %s is one',
  (format) => {
    const schema = { properties: { a: { type: 'string', format } } }
    const [problem] = problems(schema, { a: 'no such thing' })
    expect(problem?.example).toBeTypeOf('string')
    expect(problems(schema, { a: String(problem?.example) })).toEqual([])
  },
)

describe('an unknown value', () => {
  test('is left alone with all that is under it, and what is beside it is not', () => {
    const schema = {
      properties: {
        n: { type: 'integer' },
        nested: { type: 'object', required: ['a'], properties: { a: { format: 'uri' }, b: { minimum: 1 } } },
        list: { type: 'array', maxItems: 2, items: { type: 'integer' } },
      },
    } satisfies JsonObject
    expect(verdicts(schema, { n: '?', nested: '?', list: '?' })).toEqual([])
    expect(verdicts(schema, { nested: { a: '?', b: 0 }, list: [1, '?', 'x'] }).sort()).toEqual([
      '/list maxItems',
      '/list/2 type',
      '/nested/b minimum',
    ])
    const counted = createConfigChecker()
    const isMap = (value: Json | undefined) => typeof value === 'object' && value !== null && '?' in value
    expect(counted.check(entry(schema), { nested: { '?': 1, b: 0 } }, isMap)).toEqual([])
  })

  test.each([
    ['anyOf', { anyOf: [{ properties: { a: { const: 1 } } }, { required: ['c'] }] }],
    ['oneOf', { oneOf: [{ properties: { a: { const: 1 } } }, { required: ['c'] }] }],
    ['not', { not: { properties: { a: { type: 'string' } } } }],
    ['if', { if: { properties: { a: { const: 1 } } }, else: { required: ['c'] } }],
    ['unevaluatedProperties', { properties: { a: { type: 'integer' } }, unevaluatedProperties: false }],
  ] as [string, JsonObject][])('makes no verdict of %s around it', (_, inner) => {
    const schema = { properties: { x: inner, n: { type: 'integer' } } }
    expect(verdicts(schema, { x: { a: '?', b: 1 }, n: 'x' })).toEqual(['/n type'])
    expect(verdicts(schema, { x: { a: 'known', b: 1 } })).not.toEqual([])
  })

  test('is looked for in time that grows with the config, however many fields are wrong', () => {
    const schema = { properties: { map: { additionalProperties: false } } }
    const map = Object.fromEntries(Array.from({ length: 20_000 }, (_, index) => [`k${index}`, 1]))
    const found = createConfigChecker().check(entry(schema), { map: { ...map, $secret: 'S' } }, isReference)
    expect(found).toHaveLength(20_001)
  })

  test('inside a value that is compared as a whole leaves that comparison open, and no other', () => {
    const schema = {
      properties: { x: { enum: [{ a: 1 }, { a: 2 }], required: ['b'] }, y: { const: [1, 2] } },
    } satisfies JsonObject
    expect(verdicts(schema, { x: { a: '?' }, y: [1, '?'] })).toEqual(['/x/b required'])
    expect(verdicts(schema, { x: { a: 3 }, y: [1] }).sort()).toEqual(['/x enum', '/x/b required', '/y const'])
  })

  test('in a list makes no verdict of contains', () => {
    const schema = { properties: { list: { contains: { const: 'x' } } } }
    expect(verdicts(schema, { list: ['a', '?'] })).toEqual([])
    expect(verdicts(schema, { list: ['a'] })).toContain('/list contains')
  })
})
