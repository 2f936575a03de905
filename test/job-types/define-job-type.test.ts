import { Ajv2020 } from 'ajv/dist/2020.js'
import { describe, expect, expectTypeOf, test } from 'vitest'
import { z } from 'zod'
import { sleep } from '../../src/built-in/sleep.ts'
import { defineJobType } from '../../src/job-types/define-job-type.ts'
import { createRegistry } from '../../src/job-types/registry.ts'
import type { AnyJobType, HandlerContext, JobType } from '../../src/job-types/types.ts'

const base = {
  jobType: 'resize_image',
  displayName: 'Resize image',
  description: 'Makes it smaller.',
  config: z.strictObject({
    url: z.url(),
    width: z.int().positive().default(100),
    mode: z.enum(['fit', 'fill']).optional(),
  }),
  async run() {},
}

describe('defineJobType', () => {
  test('gives the handler the type of its config', () => {
    defineJobType({
      ...base,
      async run({ config, attempt, signal, output }) {
        expectTypeOf(config).toEqualTypeOf<{
          url: string
          width: number
          mode?: 'fit' | 'fill' | undefined
        }>()
        expectTypeOf(attempt).toEqualTypeOf<number>()
        expectTypeOf(signal).toEqualTypeOf<AbortSignal>()
        // @ts-expect-error there is no such field
        expectTypeOf(config.height)
        // @ts-expect-error a Date is no JSON
        await output.json('x', new Date())
        // @ts-expect-error bytes need a media type
        await output.bytes('x', new Uint8Array())
      },
    })
  })

  test('keeps the types of config and outputs for those who chain it', () => {
    const outputs = { image: z.object({ href: z.url() }) }
    const resize = defineJobType({ ...base, outputs })
    expectTypeOf(resize).toEqualTypeOf<JobType<typeof base.config, typeof outputs>>()
    expectTypeOf<z.input<typeof resize.config>>().toEqualTypeOf<{
      url: string
      width?: number | undefined
      mode?: 'fit' | 'fill' | undefined
    }>()
    const some: AnyJobType[] = [resize, sleep]
    expect(some).toHaveLength(2)
  })

  test('gives the handler the types of its outputs', () => {
    defineJobType({
      ...base,
      outputs: {
        sum: z.object({ bytes: z.number(), note: z.string().optional() }),
        report: z.string().optional(),
        any: z.unknown(),
      },
      async run(context) {
        const { output } = context
        await output.json('sum', { bytes: 1 })
        await output.json('report', 'x')
        await output.json('any', [1])
        await output.text('report', 'x')
        await output.text('any', 'x')
        await output.bytes('sum', new Uint8Array(), { mediaType: 'application/json' })
        // @ts-expect-error a name that is not declared
        await output.json('smu', { bytes: 1 })
        // @ts-expect-error not what is declared
        await output.json('sum', { bytes: '1' })
        // @ts-expect-error a field that is not declared
        await output.json('sum', { bytes: 1, words: 2 })
        // @ts-expect-error a field is missing
        await output.json('sum', {})
        // @ts-expect-error another output's value
        await output.json('sum', 'x')
        // @ts-expect-error nothing is no output
        await output.json('report', undefined)
        // @ts-expect-error no text
        await output.text('sum', 'x')
        // @ts-expect-error a name that is not declared
        await output.bytes('smu', new Uint8Array(), { mediaType: 'a/b' })
        // Helpers that do not name the outputs take it all the same.
        const help = (_: HandlerContext<typeof context.config>) => undefined
        help(context)
      },
    })
  })

  test('demands what a job type needs', () => {
    // @ts-expect-error no run
    expect(() => defineJobType({ ...base, run: undefined })).toThrow('job type resize_image: run is')
    const { displayName: _, ...unnamed } = base
    // @ts-expect-error no display name
    expect(() => defineJobType(unnamed)).toThrow('displayName is a value of type undefined')
    // @ts-expect-error not one of the two
    expect(() => defineJobType({ ...base, onWorkerLost: 'ignore' })).toThrow(
      `onWorkerLost is "ignore"; expected 'retry' or 'fail'`,
    )
  })

  test.each(['', 'Resize', '1st', 'a-b', 'a b', 'ä', '__proto__', 'a'.repeat(101)])(
    'refuses the name %j',
    (jobType) => {
      expect(() => defineJobType({ ...base, jobType })).toThrow(
        'expected lower-case letters, digits and underscores',
      )
    },
  )

  test.each(['', '5', '0s', '-1s', '1 h', '1.5h', '5 minutes'])('refuses the timeout %j', (timeout) => {
    expect(() => defineJobType({ ...base, timeout })).toThrow('expected a duration such as 30m')
  })

  test.each(['jobwright', 'jobwright-jobs'])('refuses the task queue %s, which is taken', (taskQueue) => {
    const message = `job type resize_image: taskQueue is "${taskQueue}", which Jobwright keeps for itself`
    expect(() => defineJobType({ ...base, taskQueue })).toThrow(message)
    expect(() => createRegistry([{ ...base, taskQueue } as AnyJobType])).toThrow(message)
  })

  test('refuses a task queue without a name, and takes any other', () => {
    expect(() => defineJobType({ ...base, taskQueue: ' ' })).toThrow('taskQueue is " "; expected a name')
    expect(defineJobType({ ...base, taskQueue: 'gpu' }).taskQueue).toBe('gpu')
  })

  test.each([
    ['no object', z.string(), 'expected an object schema'],
    ['a job_type of its own', z.object({ job_type: z.string() }), 'declares job_type, which is added'],
    ['what JSON has not', z.object({ at: z.date() }), 'cannot be written as JSON Schema'],
  ])('refuses a config schema that is %s', (_, config, message) => {
    expect(() => defineJobType({ ...base, config })).toThrow(message)
  })

  test('refuses unusable output names and attempts', () => {
    expect(() => defineJobType({ ...base, outputs: { 'a b': z.string() } })).toThrow(
      'the output name "a b" is not usable',
    )
    expect(() => defineJobType({ ...base, maxAttempts: 0 })).toThrow(
      'maxAttempts is 0; expected a whole number from 1',
    )
  })
})

describe('The registry', () => {
  test('lists each job type with the JSON Schema of its config, job_type included', () => {
    const registry = createRegistry([
      defineJobType({ ...base, outputs: { image: z.object({ href: z.url() }) } }),
      sleep,
    ])
    expect(registry.names()).toEqual(['resize_image', 'sleep'])
    const [entry] = registry.schemas()
    expect(entry).toMatchObject({
      job_type: 'resize_image',
      display_name: 'Resize image',
      description: 'Makes it smaller.',
      user_facing_description: 'Makes it smaller.',
      creatable_on_ui: true,
      creatable_by_agent: true,
      visible_on_ui: true,
      json_schema: {
        type: 'object',
        required: ['job_type', 'url'],
        additionalProperties: false,
        properties: { job_type: { const: 'resize_image' } },
      },
      output_schemas: { image: { type: 'object', required: ['href'] } },
    })
  })

  test('gives schemas that a validator of 2020-12 compiles and that mean what they say', () => {
    const [schema] = createRegistry([sleep]).schemas()
    const validate = new Ajv2020({ strict: true, allowUnionTypes: true }).compile(schema?.json_schema ?? {})
    expect(validate({ job_type: 'sleep', duration: '5s' })).toBe(true)
    expect(validate({ job_type: 'sleep', duration: '5s', fail: 'so' })).toBe(true)
    for (const wrong of [
      { duration: '5s' },
      { job_type: 'other', duration: '5s' },
      { job_type: 'sleep' },
      { job_type: 'sleep', duration: '5 s' },
      { job_type: 'sleep', duration: '5s', x: 1 },
    ])
      expect(validate(wrong)).toBe(false)
  })

  test('refuses two job types of one name', () => {
    expect(() => createRegistry([sleep, sleep])).toThrow('two job types are named sleep')
  })

  test('finds by name only what it was given', () => {
    expect(createRegistry([sleep]).get('sleep')).toBe(sleep)
    expect(createRegistry([sleep]).get('constructor')).toBeUndefined()
  })
})
