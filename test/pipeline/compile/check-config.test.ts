import { describe, expect, test } from 'vitest'
import type { JsonObject } from '../../../src/base/json.ts'
import type { JobTypeSchemaEntry } from '../../../src/contract/index.ts'
import { createConfigChecker } from '../../../src/pipeline/index.ts'
import { findingsOf, jobTypes as otherJobTypes, placesOf, planOf } from './helpers.ts'

function jobType(name: string, schema: JsonObject): JobTypeSchemaEntry {
  return {
    job_type: name,
    display_name: name,
    description: '',
    user_facing_description: '',
    json_schema: { type: 'object', ...schema },
    creatable_on_ui: true,
    creatable_by_agent: true,
    visible_on_ui: true,
  }
}

const host = {
  type: 'object',
  properties: {
    name: { type: 'string', minLength: 2 },
    port: { type: 'integer', minimum: 1, maximum: 65535 },
    address: { type: 'string', format: 'ipv4' },
  },
  required: ['name'],
  additionalProperties: false,
}
const probe = jobType('probe', {
  properties: {
    job_type: { const: 'probe' },
    url: { type: 'string', format: 'uri' },
    code: { type: 'string', pattern: '^[A-Z]{3}$' },
    version: { const: 2 },
    hosts: { type: 'array', items: host, maxItems: 2 },
    tags: { type: 'array', items: { type: 'string' }, uniqueItems: true },
    headers: { type: 'object', propertyNames: { pattern: '^[a-z-]+$' } },
    source: {
      oneOf: [
        {
          type: 'object',
          properties: { kind: { const: 'file' }, path: { type: 'string' } },
          required: ['kind', 'path'],
          additionalProperties: false,
        },
        {
          type: 'object',
          properties: { kind: { const: 'web' }, url: { type: 'string', format: 'uri' } },
          required: ['kind', 'url'],
          additionalProperties: false,
        },
      ],
    },
    level: { enum: [1, 2, 'all'] },
  },
  required: ['job_type'],
  dependentRequired: { code: ['url'] },
  additionalProperties: false,
})
const jobTypes = [probe]
const port = `\${{ inputs.an.p }}`

const pipeline = (config: string) =>
  `name: a\ninputs: { an: { type: object } }\nsteps:\n  one:\n    job_type: probe\n    config: ${config}\n`
const places = (config: string) => placesOf(pipeline(config), { jobTypes })
const findings = (config: string) => findingsOf(pipeline(config), { jobTypes })

describe('a literal of a config that the schema refuses', () => {
  test.each([
    ['a format', '{ url: nowhere }', '6:20 config_wrong_value'],
    ['a pattern', '{ url: "http://x", code: abc }', '6:38 config_wrong_value'],
    ['a constant', '{ version: 1 }', '6:24 config_wrong_value'],
    ['one of several values', '{ level: 3 }', '6:22 config_wrong_value'],
    ['a range, in a list', '{ hosts: [{ name: ab }, { name: cd, port: 70000 }] }', '6:55 config_wrong_value'],
    ['a format, in a list', '{ hosts: [{ name: ab, address: 1.2.3 }] }', '6:44 config_wrong_value'],
    ['a type, in a list', '{ tags: [a, b, 5] }', '6:28 config_wrong_type'],
    [
      'a length',
      '{ hosts: [{ name: a }, { name: b }] }',
      ['6:31 config_wrong_value', '6:44 config_wrong_value'],
    ],
    ['a number of items', '{ hosts: [{ name: ab }, { name: ab }, { name: ab }] }', '6:22 config_wrong_value'],
    ['unique items', '{ tags: [a, b, a] }', '6:21 config_wrong_value'],
    [
      'a field that nothing knows, in a list',
      '{ hosts: [{ name: ab, prt: 1 }] }',
      '6:35 config_unknown_field',
    ],
    [
      'a field that is missing, in a list',
      '{ hosts: [{ name: ab }, { port: 1 }] }',
      '6:37 config_missing_field',
    ],
    ['the name of a field', '{ headers: { accept: x, Bad: y } }', '6:37 config_wrong_value'],
    ['a field that needs another one', '{ code: ABC }', '6:13 config_missing_field'],
    ['the alternative that was meant', '{ source: { kind: web, url: x } }', '6:41 config_wrong_value'],
    ['none of several kinds', '{ source: { kind: ftp, path: x } }', '6:31 config_wrong_value'],
    [
      'a field of another alternative',
      '{ source: { kind: web, url: "a:b", path: x } }',
      '6:48 config_unknown_field',
    ],
  ] as [string, string, string | string[]][])('by %s is found in its place', (_, config, expected) => {
    expect(places(config)).toEqual([expected].flat())
  })

  test('in block style is found in its line', () => {
    const config = `
      url: https://example.com/
      hosts:
        - name: ab
        - name: cd
          port: 0
          adress: 127.0.0.1
      source:
        kind: file
        pth: x`
    expect(places(config)).toEqual([
      '11:17 config_wrong_value',
      '12:11 config_unknown_field',
      '13:7 config_missing_field',
      '15:9 config_unknown_field',
    ])
  })

  test('is named with what was found, what was expected, and what to do', () => {
    const said = (config: string) => findings(config).map(({ message, fix }) => [message, fix])
    expect(said('{ hosts: [{ name: ab, address: 1.2.3 }] }')).toEqual([
      [
        'config.hosts[0].address must match format "ipv4", found text "1.2.3" (job type `probe`)',
        'write it like 192.0.2.1',
      ],
    ])
    expect(said('{ hosts: [{ prt: 1 }] }')).toEqual([
      ['config.hosts[0].name is required (job type `probe`)', 'add `name`'],
      ['config.hosts[0].prt is not a field of this job type (job type `probe`)', 'did you mean `port`?'],
    ])
    expect(said('{ level: al, version: two }')).toEqual([
      [
        'config.level must be equal to one of the allowed values: [1,2,"all"], found text "al" (job type `probe`)',
        'did you mean `all`?',
      ],
      ['config.version must be equal to constant: 2, found text "two" (job type `probe`)', 'write 2'],
    ])
    expect(said('{ url: 5 }')).toEqual([
      ['config.url must be string, found number 5 (job type `probe`)', 'give a value of type string'],
    ])
    expect(said('{ headers: { "No Way": 1 } }')).toEqual([
      [
        'config.headers must match pattern "^[a-z-]+$", found field `No Way` (job type `probe`)',
        expect.stringContaining('jobwright jobs schemas'),
      ],
    ])
    expect(said('{ "a b": 1 }')[0]?.[0]).toContain('config["a b"] is not a field')
  })

  test('with a message of any length is cut', () => {
    const long = jobType('probe', { properties: { a: { pattern: `^${'x'.repeat(5_000)}$` } } })
    const [finding] = findingsOf(pipeline('{ a: y }'), { jobTypes: [long] })
    expect(finding?.message.length).toBeLessThan(400)
  })

  test('is found in a config that is not there, at the step', () => {
    const needy = jobType('probe', { minProperties: 2, required: ['url'] })
    expect(placesOf('name: a\nsteps:\n  one: { job_type: probe }\n', { jobTypes: [needy] })).toEqual([
      '3:3 config_wrong_value',
      '3:3 config_missing_field',
    ])
  })
})

test('the job type that is sent along with every config is part of it, whatever the file or the schema says of it', () => {
  const of = (schema: JsonObject, config: string) =>
    placesOf(pipeline(config), { jobTypes: [jobType('probe', schema)] })
  expect(of({ minProperties: 2 }, '{ a: 1 }')).toEqual([])
  expect(of({ minProperties: 3 }, '{ a: 1 }')).toEqual(['6:13 config_wrong_value'])
  expect(of({ properties: { a: true }, additionalProperties: false }, '{ a: 1 }')).toEqual([])
  expect(places('{ job_type: other }')).toEqual([])
})

describe('an expression in a config', () => {
  test.each([
    ['as the value', `{ url: '${port}', level: '${port}' }`],
    ['within a text', `{ url: 'no url ${port}', code: 'a-${port}' }`],
    ['as a map or a list', `{ hosts: '\${{ [] }}', source: '${port}', headers: '\${{ {} }}' }`],
    ['as an item', `{ tags: [a, '${port}'], hosts: ['${port}'] }`],
    ['in an alternative', `{ source: { kind: '${port}', path: 5 } }`],
    ['as a secret', `{ url: '\${{ secrets.URL }}' }`],
    ['as the whole config', `'${port}'`],
  ])('%s is left alone', (_, config) => {
    expect(places(config)).toEqual([])
  })

  test('does not hide what is wrong beside it', () => {
    expect(places(`{ url: nowhere, code: '${port}' }`)).toEqual(['6:20 config_wrong_value'])
    expect(places(`{ hosts: ['${port}', { name: '${port}', port: 0 }] }`)).toEqual([
      '6:81 config_wrong_value',
    ])
    expect(places(`{ source: { kind: '${port}' }, tags: [5] }`)).toEqual(['6:62 config_wrong_type'])
    expect(places(`{ hosts: [{ adress: '${port}', name: ab }] }`)).toEqual(['6:25 config_unknown_field'])
  })

  test('whose reference is written out is refused for that alone', () => {
    expect(places('{ url: { $secret: URL } }')).toEqual(['6:22 reserved_form'])
  })

  test('inside a value that is compared as a whole makes no verdict of it', () => {
    const exact = jobType('probe', { properties: { point: { const: { x: 1, y: 2 } } } })
    const of = (config: string) => placesOf(pipeline(config), { jobTypes: [exact] })
    expect(of(`{ point: { x: 1, y: '${port}' } }`)).toEqual([])
    expect(of('{ point: { x: 1, y: 3 } }')).toEqual(['6:22 config_wrong_value'])
  })
})

describe('a schema that cannot be used', () => {
  const broken = jobType('probe', { properties: { a: { pattern: '(a)\\1' } }, required: ['b'] })
  const text = pipeline('{ a: x }')

  test('is a warning at the job type, and no reason to refuse the file', () => {
    expect(findingsOf(text, { jobTypes: [broken] })).toEqual([
      expect.objectContaining({
        code: 'config_not_checked',
        severity: 'warning',
        line: 5,
        column: 15,
        message: expect.stringMatching(/the config is not checked, .*`probe` cannot be used: .+/),
      }),
    ])
    expect(planOf(text, { jobTypes: [broken] }).steps).toHaveLength(1)
  })

  test('leaves the other steps checked', () => {
    const two = `${text}  two: { job_type: metagraph_update, config: {} }\n`
    expect(placesOf(two, { jobTypes: [broken, ...otherJobTypes] })).toEqual([
      '5:15 config_not_checked',
      '7:38 config_missing_field',
    ])
  })
})

test('several files that share a checker compile each schema once, and only those they use', () => {
  const read: string[] = []
  const counted = (name: string): JobTypeSchemaEntry => ({
    ...jobType(name, {}),
    get json_schema() {
      read.push(name)
      return probe.json_schema
    },
  })
  const options = { jobTypes: [counted('probe'), counted('unused')], configs: createConfigChecker() }
  for (let file = 0; file < 3; file += 1)
    expect(placesOf(pipeline('{ url: nowhere }'), options)).toEqual(['6:20 config_wrong_value'])
  expect(read).toEqual(['probe'])
})
