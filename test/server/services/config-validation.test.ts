import { describe, expect, it } from 'vitest'
import { z } from 'zod'
import { JobwrightError } from '../../../src/base/errors.ts'
import type { JsonObject } from '../../../src/base/json.ts'
import type { JobTypeSchemaEntry } from '../../../src/contract/index.ts'
import { createRegistry, defineJobType } from '../../../src/job-types/index.ts'
import { createConfigValidator } from '../../../src/server/services/config-validation.ts'
import { ApiProblem } from '../../../src/server/services/problems.ts'

function entry(jobType: string, schema: JsonObject): JobTypeSchemaEntry {
  const properties = { job_type: { type: 'string' }, ...(schema['properties'] as JsonObject | undefined) }
  return {
    job_type: jobType,
    display_name: jobType,
    description: '',
    user_facing_description: '',
    json_schema: { type: 'object', ...schema, properties },
    creatable_on_ui: true,
    creatable_by_agent: true,
    visible_on_ui: true,
  }
}

function problemsOf(schema: JsonObject, config: JsonObject): { pointer: string; detail: string }[] {
  try {
    createConfigValidator([entry('t', schema)]).validate('t', { job_type: 't', ...config })
    return []
  } catch (error) {
    if (!(error instanceof ApiProblem)) throw error
    expect(error).toMatchObject({ status: 422, code: 'invalid_config' })
    return [...error.errors]
  }
}

const closed = {
  additionalProperties: false,
  required: ['url', 'count'],
  properties: {
    url: { type: 'string', format: 'uri' },
    count: { type: 'integer', minimum: 1 },
    mode: { enum: ['fast', 'slow'] },
    nested: { type: 'object', properties: { token: { type: 'string', minLength: 3 } }, required: ['token'] },
    list: { type: 'array', items: { type: 'string' } },
  },
} satisfies JsonObject

describe('configs against the schema of their job type', () => {
  it('lists every problem with a pointer into the body', () => {
    const problems = problemsOf(closed, {
      url: 'no url',
      mode: 'medium',
      nested: {},
      list: ['a', 1],
      'a/b': 1,
    })
    expect(problems.map((problem) => problem.pointer).sort()).toEqual(
      [
        '/config/a~1b',
        '/config/count',
        '/config/list/1',
        '/config/mode',
        '/config/nested/token',
        '/config/url',
      ].sort(),
    )
    expect(problems.find((problem) => problem.pointer === '/config/mode')?.detail).toContain(
      '["fast","slow"]',
    )
  })

  it('leaves what stands at or under a reference to the worker, and judges the rest', () => {
    expect(
      problemsOf(closed, {
        url: { $secret: 'URL' },
        count: 1,
        nested: { token: { $template: ['Bearer ', { $secret: 'T' }] } },
      }),
    ).toEqual([])
    expect(
      problemsOf(closed, {
        url: 'http://x',
        count: { $output: { job_run_id: 'r', name: 'n' } },
        nested: { $secret: 'N' },
      }),
    ).toEqual([])
    expect(problemsOf(closed, { url: { $secret: 'URL' }, count: 0 })).toMatchObject([
      { pointer: '/config/count' },
    ])
    expect(problemsOf(closed, { url: { $secret: 'URL', more: 1 }, count: 1 })).toMatchObject([
      { pointer: '/config/url' },
    ])
  })

  it('does not let a reference inside an alternative make the alternatives fail', () => {
    const schema = {
      properties: {
        source: {
          anyOf: [
            {
              type: 'object',
              properties: { kind: { const: 'a' }, key: { type: 'string' } },
              required: ['kind', 'key'],
            },
            {
              type: 'object',
              properties: { kind: { const: 'b' }, path: { type: 'string' } },
              required: ['kind', 'path'],
            },
          ],
        },
        count: { type: 'integer' },
      },
    } satisfies JsonObject
    expect(problemsOf(schema, { source: { kind: 'a', key: { $secret: 'K' } } })).toEqual([])
    expect(problemsOf(schema, { source: { kind: 'a', key: 1 } })).not.toEqual([])
    expect(problemsOf(schema, { source: { kind: 'a', key: { $secret: 'K' } }, count: 'x' })).toMatchObject([
      { pointer: '/config/count' },
    ])
  })

  it('does not let a reference at the root’s alternatives hide what is beside an unrelated one', () => {
    const schema = {
      anyOf: [{ required: ['a'] }, { required: ['b'] }],
      properties: { list: { type: 'array', items: { anyOf: [{ type: 'string' }, { type: 'number' }] } } },
    } satisfies JsonObject
    expect(problemsOf(schema, { list: [true, { $secret: 'S' }] }).length).toBe(0)
    expect(
      problemsOf(schema, { a: 1, list: [true, { $secret: 'S' }] }).map((problem) => problem.pointer),
    ).toEqual(expect.arrayContaining(['/config/list/0']))
    expect(problemsOf(schema, { a: 1, list: ['x', { $secret: 'S' }] })).toEqual([])
  })

  it('judges a config of very many references and problems in time that grows with its size', () => {
    const schema = {
      properties: { list: { type: 'array', items: { anyOf: [{ type: 'string' }, { type: 'number' }] } } },
    }
    const list = Array.from({ length: 30_000 }, (_, index) =>
      index % 2 === 0 ? { inner: { $secret: 'S' } } : true,
    )
    expect(problemsOf(schema, { list })).toHaveLength(100)
  })

  it('runs a pattern that would hang a backtracking engine in linear time', () => {
    const schema = {
      properties: {
        text: { type: 'string', pattern: '^(a+)+$' },
        other: { type: 'string', pattern: '^b+$' },
      },
    }
    expect(problemsOf(schema, { text: `${'a'.repeat(50_000)}!` })).toHaveLength(1)
    // Two patterns of one schema are two patterns.
    expect(problemsOf(schema, { text: 'aaa', other: 'bbb' })).toEqual([])
    expect(problemsOf(schema, { text: 'bbb', other: 'aaa' })).toHaveLength(2)
  })

  it('takes every text format that a job type can be declared with, and checks what it can', () => {
    const formats = defineJobType({
      jobType: 'formats',
      displayName: 'Formats',
      description: 'One config field of each text format.',
      config: z.strictObject({
        host: z.hostname().optional(),
        every: z.iso.duration().optional(),
        mood: z.emoji().optional(),
        mail: z.email().optional(),
        site: z.url().optional(),
        at: z.iso.datetime().optional(),
        id: z.uuid().optional(),
        address: z.ipv4().optional(),
      }),
      run: async () => undefined,
    })
    const validator = createConfigValidator(createRegistry([formats]).schemas())
    validator.validate('formats', { job_type: 'formats', host: 'a.example', every: 'PT5M', mood: '🙂' })
    for (const wrong of [{ host: 'a b' }, { every: '5m' }, { mail: 'x' }, { address: '1.2.3' }])
      expect(() => validator.validate('formats', { job_type: 'formats', ...wrong })).toThrow(ApiProblem)
  })

  it('names the known job types when one is unknown', () => {
    const validator = createConfigValidator([entry('b_type', {}), entry('a_type', {})])
    expect(() => validator.validate('c_type', { job_type: 'c_type' })).toThrow(
      expect.objectContaining({
        code: 'unknown_job_type',
        message: expect.stringContaining('known: a_type, b_type'),
      }),
    )
  })

  it('refuses a job_type that is not the job’s, a reference included', () => {
    const validator = createConfigValidator([entry('t', {})])
    for (const jobType of ['u', 1, { $secret: 'T' }])
      expect(() => validator.validate('t', { job_type: jobType })).toThrow(
        expect.objectContaining({
          code: 'invalid_config',
          errors: [expect.objectContaining({ pointer: '/config/job_type' })],
        }),
      )
  })

  it.each([
    ['a remote $ref', { properties: { a: { $ref: 'https://example.com/schema.json' } } }],
    ['a pattern beyond regular languages', { properties: { a: { type: 'string', pattern: '(a)\\1' } } }],
    ['no schema at all', { properties: { a: { type: 'strin' } } }],
  ] as [string, JsonObject][])('does not start with %s, and names the job type', (_, schema) => {
    expect(() => createConfigValidator([entry('broken_type', schema)])).toThrow(JobwrightError)
    expect(() => createConfigValidator([entry('broken_type', schema)])).toThrow(/broken_type/)
  })
})
