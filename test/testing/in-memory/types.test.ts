import { expect, expectTypeOf, test } from 'vitest'
import { z } from 'zod'
import type { Json } from '../../../src/base/json.ts'
import { defineJobType } from '../../../src/job-types/index.ts'
import type { Pipeline } from '../../../src/pipeline/build/pipeline.ts'
import { compilePipeline } from '../../../src/pipeline/index.ts'
import { mock, type TestedRun, testPipeline } from '../../../src/testing/in-memory/index.ts'

const resize = defineJobType({
  jobType: 'resize',
  displayName: 'Resize',
  description: 'Resizes',
  config: z.strictObject({ width: z.number(), format: z.enum(['png', 'jpeg']).default('png') }),
  outputs: { image: z.object({ width: z.number() }), note: z.string().optional() },
  async run() {
    throw new Error('not in a test')
  },
})
const yaml = `name: images
inputs: { width: { type: number } }
steps: { small: { job_type: resize, config: { width: "\${{ inputs.width }}" } } }
outputs: { image: "\${{ steps.small.outputs.image }}" }`

/** As the builder makes one. */
const images: Pipeline<{ width: number; note?: string }, { image: { width: number } }> = {
  name: 'images',
  compile: (options) => compilePipeline(yaml, { file: 'images.yaml', ...options }),
  toYaml: () => yaml,
}

test('a handler in place of a job type has its types, and its checks', async () => {
  const small = mock(resize, ({ config }) => {
    expectTypeOf(config).toEqualTypeOf<{ width: number; format: 'png' | 'jpeg' }>()
    return { image: { width: config.width } }
  })
  const run = await testPipeline(images, { jobs: { resize: small }, inputs: { width: 5 } })
  expect(run.outputs.image?.width).toBe(5)
  expect(run.calls[0]?.config).toEqual({ width: 5, format: 'png' })
  expectTypeOf(run).toEqualTypeOf<TestedRun<{ image: { width: number } }>>()
  const ofText = await testPipeline({ yaml }, { jobs: { resize: small }, inputs: { width: 5 } })
  const { outputs }: TestedRun<Record<string, Json>> = ofText
  expect(outputs).toEqual(run.outputs)
})

/** Never called: what must not compile. */
const mustNotCompile = () => {
  // @ts-expect-error an output that is not declared
  mock(resize, () => ({ image: { width: 1 }, other: 2 }) satisfies { image: unknown; note?: string })
  // @ts-expect-error an output of another type
  mock(resize, () => ({ image: { width: 'wide' } }))
  // @ts-expect-error an output is missing
  mock(resize, () => ({ note: 'none' }))
  // @ts-expect-error a field that the config does not have
  mock(resize, ({ config }) => ({ image: { width: config.height } }))
  // @ts-expect-error an input is missing
  void testPipeline(images, { jobs: {} })
  // @ts-expect-error an input of another type
  void testPipeline(images, { jobs: {}, inputs: { width: 'wide' } })
  // @ts-expect-error an input that it does not have
  void testPipeline(images, { jobs: {}, inputs: { width: 5, height: 5 } })
  // @ts-expect-error neither a file nor a text
  void testPipeline({ text: yaml })
  // @ts-expect-error outputs are an object
  void testPipeline({ yaml }, { jobs: { resize: () => 5 } })
  // @ts-expect-error a fault that there is not
  void testPipeline({ yaml }, { faults: { small: { kind: 'explode' } } })
  // @ts-expect-error no job type of this name is known
  mock('unheard_of', () => ({}))
}
test('wrong programs do not compile', () => {
  expect(mustNotCompile).toBeTypeOf('function')
})
