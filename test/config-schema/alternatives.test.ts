import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import type { JsonObject } from '../../src/base/json.ts'
import { createConfigChecker } from '../../src/config-schema/index.ts'
import type { JobTypeSchemaEntry } from '../../src/contract/index.ts'

const entry = (json_schema: JsonObject): JobTypeSchemaEntry => ({
  job_type: 't',
  display_name: 'T',
  description: '',
  user_facing_description: '',
  json_schema,
  creatable_on_ui: true,
  creatable_by_agent: true,
  visible_on_ui: true,
})

/** `pointer keyword` of what a person is shown, and how many problems there are in all. */
function shown(schema: JsonObject, x: JsonObject[string]): { told: string[]; all: number } {
  const problems = createConfigChecker().check(entry({ properties: { x: schema } }), { x }, () => false)
  const told = problems.filter((problem) => !problem.superfluous)
  return { told: told.map(({ pointer, keyword }) => `${pointer} ${keyword}`).sort(), all: problems.length }
}

const file = {
  type: 'object',
  properties: { kind: { const: 'file' }, path: { type: 'string' } },
  required: ['kind', 'path'],
  additionalProperties: false,
}
const web = {
  type: 'object',
  properties: { kind: { const: 'web' }, url: { type: 'string', format: 'uri' } },
  required: ['kind', 'url'],
  additionalProperties: false,
}

describe.each([
  ['written out', { oneOf: [file, web] }],
  ['by name', { $defs: { file, web }, anyOf: [{ $ref: '#/properties/x/$defs/file' }, web] }],
] as [string, JsonObject][])('alternatives %s', (_, union) => {
  test('that a value was not meant for are not what is wrong with it', () => {
    expect(shown(union, { kind: 'web', url: 'nowhere', path: 'a' })).toEqual({
      told: ['/x/path additionalProperties', '/x/url format'],
      all: 5,
    })
    expect(shown(union, { kind: 'file' }).told).toEqual(['/x/path required'])
  })

  test('of which none is meant are named by what tells them apart', () => {
    const of = Object.keys(union).at(-1)
    expect(shown(union, { kind: 'ftp', path: 'a' }).told).toEqual(
      ['/x/kind const', '/x/kind const', `/x ${of}`].sort(),
    )
    expect(shown(union, 5).told).toEqual([`/x ${of}`, '/x type', '/x type'].sort())
  })

  test('are weighed for each value of a list alone', () => {
    const list = { $defs: { file, web }, items: union }
    const values = [
      { kind: 'web', url: 'nowhere' },
      { kind: 'file', path: 1 },
    ]
    expect(shown(list, values).told).toEqual(['/x/0/url format', '/x/1/path type'])
  })

  test('of which several may be meant are all told', () => {
    expect(shown(union, { path: 1 }).told.length).toBe(shown(union, { path: 1 }).all)
  })
})

test('what another alternative would want of the items of a list is not told', () => {
  const of = (kind: string, items: JsonObject) => ({
    properties: { kind: { const: kind }, properties: { type: 'array', items } },
  })
  const union = { oneOf: [of('text', { type: 'string' }), of('number', { type: 'number' })] }
  expect(shown(union, { kind: 'text', properties: [1, 'a', 2] })).toEqual({
    told: ['/x/properties/0 type', '/x/properties/2 type'],
    all: 5,
  })
})

test('an object is told nothing of what a text would have to be', () => {
  const union = { anyOf: [{ type: 'string', pattern: '^a' }, file, { type: 'null' }] }
  expect(shown(union, { kind: 'file' })).toEqual({ told: ['/x/path required'], all: 4 })
  expect(shown(union, 'b')).toEqual({ told: ['/x pattern'], all: 4 })
})

test('a value that fits several of alternatives that exclude each other is told that alone', () => {
  const union = { oneOf: [{ maxLength: 2 }, { type: 'string' }, { minLength: 1 }] }
  expect(shown(union, 'abc')).toEqual({ told: ['/x oneOf'], all: 2 })
})

test('what only sums up, and the pattern of a format, is superfluous', () => {
  expect(shown({ propertyNames: { maxLength: 1 } }, { ab: 1 })).toEqual({ told: ['/x maxLength'], all: 2 })
  expect(shown({ if: false, else: { minProperties: 1 } }, {})).toEqual({ told: ['/x minProperties'], all: 2 })
  expect(shown({ format: 'email', pattern: '@' }, 'a')).toEqual({ told: ['/x format'], all: 2 })
  expect(shown({ format: 'email', pattern: '^a' }, 'b@example.com').told).toEqual(['/x pattern'])
})

test('an alternative that uses another one inside does not lose what is wrong there', () => {
  const text = { type: 'object', properties: { kind: { const: 'text' }, of: { type: 'string' } } }
  const group = {
    type: 'object',
    properties: {
      kind: { const: 'group' },
      first: { anyOf: [{ $ref: '#/properties/x/$defs/text' }, { type: 'null' }] },
    },
  }
  const union = { $defs: { text }, anyOf: [{ $ref: '#/properties/x/$defs/text' }, group] }
  expect(shown(union, { kind: 'group', first: { kind: 'text', of: 1 } }).told).not.toEqual([])
})

test.each(['by name', 'written out'])(
  'alternatives that contain themselves, %s, lose nothing of what is wrong deep inside',
  (how) => {
    const node = { $ref: '#/properties/x/$defs/node' }
    const folder = {
      properties: { kind: { const: 'folder' }, of: { type: 'array', items: node } },
      required: ['kind', 'of'],
    }
    const tree = {
      $defs: {
        file,
        node: { oneOf: [how === 'by name' ? { $ref: '#/properties/x/$defs/file' } : file, folder] },
      },
      ...node,
    }
    const { told } = shown(tree, {
      kind: 'folder',
      of: [{ kind: 'folder', of: [{ kind: 'file', path: 1 }] }],
    })
    expect(told).toEqual(['/x oneOf', '/x/of/0 oneOf', '/x/of/0/of/0/path type'])
  },
)

test('whatever is refused, something is told', () => {
  const node = { $ref: '#/$defs/node' }
  const schema = {
    $defs: {
      file,
      node: {
        oneOf: [
          { $ref: '#/$defs/file' },
          {
            properties: { kind: { const: 'all' }, of: { type: 'array', items: node } },
            required: ['kind', 'of'],
          },
          { type: 'string', pattern: '^[a-c]$' },
        ],
      },
    },
    properties: { x: { anyOf: [node, { type: 'integer', minimum: 1 }] } },
  } satisfies JsonObject
  const checker = createConfigChecker()
  const own = entry(schema)
  const { value } = fc.letrec<{ value: JsonObject[string] }>((tie) => ({
    value: fc.oneof(
      { maxDepth: 4 },
      fc.constantFrom('a', 'd', 0, 1, null),
      fc.record(
        {
          kind: fc.constantFrom('file', 'all', 'none'),
          path: fc.constantFrom('p', 1),
          of: fc.array(tie('value'), { maxLength: 3 }),
        },
        { requiredKeys: [] },
      ) as fc.Arbitrary<JsonObject>,
    ),
  }))
  let refused = 0
  fc.assert(
    fc.property(value, (x) => {
      const problems = checker.check(own, { x }, () => false)
      if (problems.length === 0) return
      refused += 1
      expect(problems.some((problem) => !problem.superfluous)).toBe(true)
    }),
    { numRuns: 500 },
  )
  expect(refused).toBeGreaterThan(100)
})
