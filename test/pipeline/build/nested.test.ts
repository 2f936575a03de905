import { describe, expect, it } from 'vitest'
import { z } from 'zod'
import { compilePipeline, definePipeline } from '../../../src/pipeline/index.ts'

const inner = definePipeline(
  { name: 'inner', inputs: z.object({ unit: z.string(), depth: z.int().default(2) }) },
  ({ inputs, step }) => {
    const work = step('work', { jobId: 'j', config: { unit: inputs.unit, depth: inputs.depth } })
    return { unit: inputs.unit, report: work.outputs['report'] }
  },
)

describe('a step of a pipeline in code that runs another one', () => {
  it('compiles to the plan of its YAML', () => {
    const outer = definePipeline(
      { name: 'outer', inputs: z.object({ units: z.array(z.string()) }) },
      ({ inputs, step }) => {
        const one = step('one', { pipeline: inner, inputs: { unit: 'pump' }, timeout: '1h' })
        const each = step.each('each', inputs.units, (unit) => ({
          pipeline: inner,
          inputs: { unit, depth: 3 },
        }))
        return { unit: one.outputs.unit, units: each.outputs.unit }
      },
    )
    const { plan, findings } = outer.compile()
    expect(findings).toEqual([])
    const resolvePipeline = (name: string) => (name === 'inner' ? inner.compile() : { findings: [] })
    const written = compilePipeline(outer.toYaml(), { file: 'outer.yaml', resolvePipeline })
    expect(written.findings).toEqual([])
    expect(JSON.stringify(written.plan)).toBe(JSON.stringify(plan))
    expect(outer.toYaml()).toContain('pipeline: inner')
  })

  it('is added by the name that its pipeline has here, too', () => {
    const outer = definePipeline({ name: 'outer', pipelines: { review: inner } }, ({ pipelines, step }) => {
      const one = pipelines.review('one', { inputs: { unit: 'pump' }, timeout: '1h' })
      // @ts-expect-error: an input that is missing
      pipelines.review('two', { timeout: '1h' })
      step('after', { jobId: 'j', config: { got: one.outputs.unit } })
    })
    const { findings } = outer.compile()
    expect(findings.map(({ code }) => code)).toEqual(['missing_input'])
    // At the line that wrote it.
    expect(findings[0]?.file).toContain('nested.test.ts')
  })

  it('is refused where it stands, by the compiler and by compile', () => {
    const outer = definePipeline({ name: 'outer' }, ({ step }) => {
      // @ts-expect-error: an input of another type
      step('a', { pipeline: inner, inputs: { unit: 3 } })
      // @ts-expect-error: an input that is missing
      step('b', { pipeline: inner })
      // @ts-expect-error: a config
      step('c', { pipeline: inner, inputs: { unit: 'x' }, config: {} })
      const d = step('d', { pipeline: inner, inputs: { unit: 'x' } })
      // @ts-expect-error: an output that it does not have
      return { other: d.outputs.other }
    })
    expect(outer.compile().findings.map(({ code }) => code)).toEqual([
      'wrong_input',
      'missing_input',
      'misplaced_field',
      'unknown_output',
    ])
  })
})
