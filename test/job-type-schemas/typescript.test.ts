import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import path from 'node:path'
import fc from 'fast-check'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import type { Json, JsonObject } from '../../src/base/json.ts'
import { createConfigChecker } from '../../src/config-schema/index.ts'
import { typeOfSchema } from '../../src/job-type-schemas/typescript/convert.ts'
import { printInline, printType } from '../../src/job-type-schemas/typescript/print.ts'
import { entryOf, typeErrors } from './helpers.ts'

let folder: string
beforeAll(async () => {
  folder = await mkdtemp(path.join(tmpdir(), 'jobwright-types-'))
})
afterAll(() => rm(folder, { recursive: true, force: true }))

const convert = (schema: Json) => typeOfSchema(schema, { name: 'Probe', taken: new Set() })
const inline = (schema: Json) => printInline(convert(schema).type)

describe('a schema as a type', () => {
  test.each<[expected: string, schema: Json]>([
    ['string', { type: 'string', format: 'uri', minLength: 3 }],
    ['number', { type: 'integer' }],
    ['string | null', { type: ['string', 'null'] }],
    ['string | null', { type: 'string', nullable: true }],
    ['string | null', { anyOf: [{ type: 'string' }, { type: 'null' }], default: null }],
    ["'a' | 1 | boolean | null", { enum: ['a', 1, null, true, false] }],
    ["'a'", { enum: ['a', 1], type: 'string' }],
    ["{ kind: 'a'; at: [1, 2] }", { const: { kind: 'a', at: [1, 2] } }],
    ['unknown', {}],
    ['unknown', true],
    ['never', false],
    ['never', { not: {} }],
    ['unknown', { not: { type: 'string' } }],
    ['unknown', JSON.parse('{"if":{"type":"string"},"then":{"minLength":1}}')],
    ['unknown', { $ref: 'https://elsewhere.example/schema' }],
    ['unknown', { $ref: '#/$defs/nothing' }],
    ['unknown[]', { type: 'array' }],
    ['(string | null)[]', { type: 'array', items: { type: ['string', 'null'] } }],
    [
      '[string, number]',
      { type: 'array', prefixItems: [{ type: 'string' }, { type: 'number' }], items: false, minItems: 2 },
    ],
    [
      '[string, number?, ...boolean[]]',
      { prefixItems: [{ type: 'string' }, { type: 'number' }], items: { type: 'boolean' }, minItems: 1 },
    ],
    ['[string?, ...unknown[]]', { type: 'array', items: [{ type: 'string' }] }],
    ['{ [key: string]: unknown }', { type: 'object' }],
    ['{ [key: string]: never }', { type: 'object', additionalProperties: false }],
    ['{ [key: string]: number }', { type: 'object', additionalProperties: { type: 'number' } }],
    [
      '{ a: number; b?: number }',
      {
        type: 'object',
        propertyNames: { enum: ['a', 'b'] },
        additionalProperties: { type: 'number' },
        required: ['a'],
      },
    ],
    [
      '{ a?: string; [key: string]: number | string | undefined }',
      { properties: { a: { type: 'string' } }, additionalProperties: { type: 'number' } },
    ],
    [
      '{ [key: string]: number }',
      { patternProperties: { '^x': { type: 'number' } }, additionalProperties: false },
    ],
    [
      "{ 'a-b'?: string; __proto__: unknown }",
      JSON.parse('{"properties":{"a-b":{"type":"string"}},"required":["__proto__"]}'),
    ],
    [
      '{ a?: string; b: number }',
      {
        allOf: [
          { properties: { a: { type: 'string' } } },
          { properties: { b: { type: 'number' } }, required: ['b'] },
        ],
      },
    ],
    [
      '{ a?: string } & ({ b: unknown } | { c: unknown })',
      {
        type: 'object',
        properties: { a: { type: 'string' } },
        anyOf: [{ required: ['b'] }, { required: ['c'] }],
      },
    ],
  ])('%s', (expected, schema) => {
    expect(inline(schema)).toBe(expected)
  })

  test('names what it refers to, also itself; what leads in a circle says nothing', () => {
    const node = {
      type: 'object',
      properties: { next: { $ref: '#/$defs/node' }, all: { type: 'array', items: { $ref: '#' } } },
    }
    const { type, aliases } = convert({
      type: 'object',
      properties: {
        first: { $ref: '#/$defs/node' },
        circle: { $ref: '#/$defs/a' },
        percent: { $ref: '#/$defs/a%20b' },
        anchor: { $ref: '#here' },
      },
      $defs: {
        node,
        a: { anyOf: [{ $ref: '#/$defs/b' }, { type: 'string' }] },
        b: { $ref: '#/$defs/a' },
        'a b': { type: 'null' },
        'a-b': { $anchor: 'here', type: 'string' },
      },
    })
    expect(printInline(type)).toBe(
      '{ first?: ProbeNode; circle?: ProbeA; percent?: ProbeAB; anchor?: ProbeHere }',
    )
    expect(Object.fromEntries(aliases.map((one) => [one.name, printInline(one.type)]))).toMatchObject({
      ProbeNode: '{ next?: ProbeNode; all?: Probe[] }',
      ProbeA: 'unknown',
      ProbeB: 'ProbeA',
      ProbeAB: 'null',
      ProbeHere: 'string',
      Probe: '{ first?: ProbeNode; circle?: ProbeA; percent?: ProbeAB; anchor?: ProbeHere }',
    })
  })

  test('leaves out a field of the whole, by whatever way it comes', () => {
    const kind = (name: string) => ({
      properties: { job_type: { const: 'x' }, [name]: { properties: { job_type: {} } } },
      required: ['job_type'],
    })
    const schema = { allOf: [{ $ref: '#/$defs/a' }], oneOf: [kind('b'), kind('c')], $defs: { a: kind('a') } }
    const { type } = typeOfSchema(schema, { name: 'Probe', taken: new Set(), without: 'job_type' })
    expect(printInline(type)).toBe(
      '{ a?: { job_type?: unknown } } & ({ b?: { job_type?: unknown } } | { c?: { job_type?: unknown } })',
    )
  })

  test('ends, however deep or self-willed the schema is', () => {
    let deep: Json = { type: 'string' }
    for (let depth = 0; depth < 1000; depth += 1) deep = { items: deep }
    expect(inline(deep)).toMatch(/^unknown(\[\])+$/)
    expect(inline({ $ref: '#' })).toBe('Probe')
  })
})

/** Schemas that TypeScript has words for, so that it takes exactly what they take; with values that fit, or nearly. */
const names = ['a', 'b-c', 'job']
const scalars = fc.constantFrom<Json>('a', "it's", '', 0, -1.5, true, false, null)
const { schema: parts, leaf: leaves } = fc.letrec<{ schema: JsonObject; leaf: JsonObject }>((tie) => ({
  leaf: fc.oneof(
    fc.constantFrom<JsonObject>(
      { type: 'string' },
      { type: 'number' },
      { type: 'boolean' },
      { type: 'null' },
      { type: ['string', 'null'] },
    ),
    fc.record({ const: scalars }),
    fc.record({
      enum: fc.uniqueArray(scalars, {
        minLength: 1,
        maxLength: 3,
        selector: (value) => JSON.stringify(value),
      }),
    }),
  ),
  schema: fc.oneof(
    { depthSize: 'small', withCrossShrink: true },
    tie('leaf'),
    fc.record({ type: fc.constant('array'), items: tie('schema') }),
    fc
      .array(tie('schema'), { minLength: 1, maxLength: 3 })
      .map((prefixItems) => ({ type: 'array', prefixItems, items: false, minItems: prefixItems.length - 1 })),
    fc.record({ type: fc.constant('object'), additionalProperties: tie('schema') }),
    fc
      .record({
        properties: fc.dictionary(fc.constantFrom(...names), tie('schema'), { minKeys: 1, maxKeys: 3 }),
        required: fc.subarray(names),
      })
      .map(({ properties, required }) => ({
        type: 'object',
        properties: { ...properties },
        required: required.filter((name) => Object.hasOwn(properties, name)),
        additionalProperties: false,
      })),
    fc.array(tie('leaf'), { minLength: 2, maxLength: 3 }).map((anyOf) => ({ anyOf })),
    fc.constant({ $ref: '#/$defs/x~1y' }),
  ),
}))

/** Each may refer to one other. */
const schemas = fc
  .tuple(parts, leaves)
  .map(([schema, target]): JsonObject & { $defs: JsonObject } => ({ ...schema, $defs: { 'x/y': target } }))

/** A value of a schema; `slip` makes some of them wrong. */
function draw(schema: JsonObject, root: JsonObject, slip: () => number): Json {
  if (slip() === 0) return [null, 'zzz', 7, [], {}][slip() % 5] as Json
  const pick = <T>(all: readonly T[]): T => all[slip() % all.length] as T
  if (schema['$ref']) return draw((root['$defs'] as JsonObject)['x/y'] as JsonObject, root, slip)
  if (schema['const'] !== undefined) return schema['const']
  if (Array.isArray(schema['enum'])) return pick(schema['enum'])
  if (Array.isArray(schema['anyOf'])) return draw(pick(schema['anyOf']) as JsonObject, root, slip)
  const kind = Array.isArray(schema['type']) ? pick(schema['type']) : schema['type']
  switch (kind) {
    case 'string':
      return 'text'
    case 'number':
      return 3
    case 'boolean':
      return true
    case 'array': {
      const prefix = (schema['prefixItems'] ?? []) as JsonObject[]
      if (prefix.length > 0)
        return prefix.slice(0, prefix.length - (slip() % 2)).map((one) => draw(one, root, slip))
      return [0, 1].slice(slip() % 3).map(() => draw(schema['items'] as JsonObject, root, slip))
    }
    case 'object': {
      const { properties, required = [], additionalProperties: more } = schema as Record<string, Json>
      if (properties === undefined) return { some: draw(more as JsonObject, root, slip) }
      return Object.fromEntries(
        Object.entries(properties as JsonObject)
          .filter(([name]) => (required as string[]).includes(name) || slip() % 2 === 0)
          .map(([name, one]) => [name, draw(one as JsonObject, root, slip)]),
      )
    }
    default:
      return null
  }
}

test('a type takes the values that the schema takes, and no others', { timeout: 120_000 }, async () => {
  const seed = Date.now() & 0x7fffffff
  const drawn = fc.sample(
    fc.tuple(
      schemas,
      fc.array(fc.array(fc.nat(20), { minLength: 30, maxLength: 30 }), { minLength: 4, maxLength: 4 }),
    ),
    { seed, numRuns: 80 },
  )
  const lines: string[] = []
  const accepted = new Map<number, { schema: Json; value: Json; valid: boolean }>()
  for (const [index, [schema, draws]] of drawn.entries()) {
    const { type, aliases } = typeOfSchema(schema, { name: `T${index}`, taken: new Set() })
    for (const alias of aliases) lines.push(...`type ${alias.name} = ${printType(alias.type)}`.split('\n'))
    lines.push(...`type S${index} = ${printType(type)}`.split('\n'))
    const checker = createConfigChecker()
    const entry = entryOf('probe', { json_schema: { properties: { value: schema }, $defs: schema.$defs } })
    for (const [number, numbers] of draws.entries()) {
      let at = 0
      // What has run out slips no more.
      const value = draw(schema, schema, () => numbers[at++] ?? 1 + (at % 3))
      const valid = checker.check(entry, { value }, () => false).length === 0
      lines.push(`export const v${index}x${number}: S${index} = ${JSON.stringify(value)}`)
      accepted.set(lines.length, { schema, value, valid })
    }
  }
  const errors = await typeErrors(folder, { 'values.ts': `${lines.join('\n')}\n` })
  const refused = new Set(errors.map((error) => Number(/^values\.ts\((\d+),/.exec(error)?.[1])))
  const wrong = [...accepted].filter(([line, { valid }]) => refused.has(line) === valid)
  expect([...accepted.values()].filter(({ valid }) => !valid).length).toBeGreaterThan(30)
  expect(
    [...refused].filter((line) => !accepted.has(line)),
    errors.join('\n'),
  ).toEqual([])
  expect(
    wrong.map(([, one]) => JSON.stringify(one)),
    `seed ${seed}`,
  ).toEqual([])
})
