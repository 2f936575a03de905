import fc from 'fast-check'
import { expect, test } from 'vitest'
import type { Json, JsonObject } from '../../../src/base/json.ts'
import { createConfigChecker, UnusableSchemaError } from '../../../src/config-schema/index.ts'
import { shapeOfSchema } from '../../../src/pipeline/compile/schema-shape.ts'
import { isOf } from '../../expressions/shapes.ts'

/** fast-check prints the seed and the smallest failing case by itself. */

const key = fc.constantFrom('a', 'b')
const value: fc.Arbitrary<Json> = fc.letrec<{ value: Json }>((tie) => ({
  value: fc.oneof(
    { maxDepth: 3 },
    fc.constantFrom<Json>(null, true, 0, 1, 1.5, 1e300, 'a', 'b'),
    fc.array(tie('value'), { maxLength: 2 }),
    fc.dictionary(key, tie('value'), { maxKeys: 2, noNullPrototype: true }) as fc.Arbitrary<Json>,
  ),
})).value

const type = fc.constantFrom('null', 'boolean', 'integer', 'number', 'string', 'array', 'object')
const schema: fc.Arbitrary<Json> = fc.letrec<{ schema: Json }>((tie) => {
  const of = (keyword: string, part: fc.Arbitrary<unknown>) =>
    part.map((each) => ({ [keyword]: each }) as JsonObject)
  const list = fc.array(tie('schema'), { minLength: 1, maxLength: 2 })
  const map = fc.dictionary(key, tie('schema'), { maxKeys: 2, noNullPrototype: true })
  const keyword = fc.oneof(
    of('type', fc.oneof(type, fc.uniqueArray(type, { minLength: 1, maxLength: 3 }))),
    of('const', value),
    of('enum', fc.array(value, { minLength: 1, maxLength: 3 })),
    of('properties', map),
    of('required', fc.uniqueArray(key, { maxLength: 2 })),
    of('additionalProperties', fc.oneof(fc.constant<Json>(false), tie('schema'))),
    of('patternProperties', map),
    of('items', tie('schema')),
    of('prefixItems', list),
    of('allOf', list),
    of('anyOf', list),
    of('oneOf', list),
    of('not', tie('schema')),
    of('$ref', fc.constantFrom('#', '#/$defs/one', '#/$defs/none')),
  )
  const keywords = fc.array(keyword, { maxLength: 3 }).map((parts) => Object.assign({}, ...parts) as Json)
  return { schema: fc.oneof({ maxDepth: 3 }, keywords, fc.boolean()) }
}).schema

test('whatever a schema takes is of the shape that is made of it', () => {
  let taken = 0
  fc.assert(
    fc.property(schema, schema, fc.array(value, { minLength: 5, maxLength: 10 }), (own, one, values) => {
      const json_schema = { properties: { v: own }, $defs: { one, none: true } } as JsonObject
      const entry = {
        job_type: 'x',
        display_name: '',
        description: '',
        user_facing_description: '',
        json_schema,
        creatable_on_ui: true,
        creatable_by_agent: true,
        visible_on_ui: true,
      }
      const checker = createConfigChecker()
      const shape = shapeOfSchema(json_schema)
      for (const v of values) {
        try {
          if (checker.check(entry, { v }, () => false).length > 0) continue
        } catch (error) {
          if (error instanceof UnusableSchemaError) return
          throw error
        }
        taken += 1
        expect(isOf({ v }, shape), JSON.stringify({ json_schema, v })).toBe(true)
      }
    }),
    { numRuns: 250 },
  )
  expect(taken).toBeGreaterThan(100)
})

test('what is said of the items of something that is no list, says nothing', () => {
  const schema = { oneOf: [{ enum: [null], items: { type: 'boolean' } }, true] }
  expect(isOf([null], shapeOfSchema(schema))).toBe(true)
})

test('a schema that contains itself, or refers to others again and again, is read to some depth', () => {
  const tree: JsonObject = {
    type: 'object',
    properties: { children: { type: 'array', items: { $ref: '#' } } },
  }
  expect(isOf({ children: [{ children: [] }] }, shapeOfSchema(tree))).toBe(true)
  const $defs = Object.fromEntries(
    Array.from({ length: 30 }, (_, index) => [
      `d${index}`,
      { properties: { a: { $ref: `#/$defs/d${index + 1}` }, b: { $ref: `#/$defs/d${index + 1}` } } },
    ]),
  )
  expect(shapeOfSchema({ $ref: '#/$defs/d0', $defs }).kinds.size).toBeGreaterThan(0)
})
