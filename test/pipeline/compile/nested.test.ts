// biome-ignore-all lint/suspicious/noTemplateCurlyInString: the marks of our own templates
import { posix } from 'node:path'
import { describe, expect, it } from 'vitest'
import { compilePipelineFile, type Finding } from '../../../src/pipeline/index.ts'
import { jobTypes } from './helpers.ts'

/** Pipelines that run each other: files by their paths. */
function compile(files: Record<string, string>) {
  const text = files['/p/outer.yaml'] ?? ''
  const known = { jobTypes, mayHaveOthers: true }
  return compilePipelineFile({ text }, '/p/outer.yaml', known, {
    locate: (reference, from) => posix.resolve(posix.dirname(from), reference),
    read: async (file) =>
      files[file] === undefined
        ? { problem: { code: 'no_such_file', message: `${file} does not exist`, fix: 'check the name' } }
        : { text: files[file] },
    show: (file) => posix.relative('/p', file),
    named: async (name) => ({ problem: { code: 'unknown_pipeline', message: `no ${name}`, fix: 'save it' } }),
  })
}

const places = (findings: readonly Finding[]) =>
  findings.map(({ file, line, column, code }) => `${file}:${line}:${column} ${code}`)
const outer = (step: string, rest = '') =>
  `name: outer\ninputs: { n: { type: integer, default: 1 }, any: { type: object, default: {} } }\nsteps:\n  a: { ${step} }\n${rest}`
const inner = `
name: inner
inputs:
  unit: { type: string }
  depth: { type: integer, default: 2 }
  mode: { type: string, enum: [full, quick], default: full }
steps: { work: { job_type: metagraph_update, config: { system_id_or_name: '\${{ inputs.unit }}' } } }
outputs: { count: '\${{ size(steps.work.outputs.report) }}', graph: '\${{ steps.work.outputs.metagraph }}' }
`
const withInner = (step: string, rest = '') =>
  compile({ '/p/outer.yaml': outer(`pipeline: ./inner.yaml, ${step}`, rest), '/p/inner.yaml': inner })

describe('a step that names a pipeline file', () => {
  it('has its plan, and what it is given', async () => {
    const { plan, findings } = await withInner("inputs: { unit: pump, depth: '${{ inputs.n }}' }")
    expect(findings).toEqual([])
    expect(plan?.steps[0]?.target).toMatchObject({
      kind: 'pipeline',
      pipeline: { name: 'inner', steps: [{ id: 'work' }] },
      inputs: { kind: 'object', entries: [{ key: 'unit' }, { key: 'depth' }] },
    })
    expect(plan?.steps[0]?.config).toBeUndefined()
  })

  it('finds it, and what that one names, from where each file is', async () => {
    const { findings, plan } = await compile({
      '/p/outer.yaml': outer('pipeline: parts/middle.yaml'),
      '/p/parts/middle.yaml': 'name: middle\nsteps: { m: { pipeline: ../last.yaml } }',
      '/p/last.yaml': 'name: last\nsteps: { l: { job_type: x } }',
    })
    expect([findings, plan?.steps.length]).toEqual([[], 1])
  })

  it.each([
    ['what the pipeline has no input for', 'inputs: { unit: a, unti: b }', ['outer.yaml:4:51 unknown_input']],
    ['an input that is missing', 'inputs: {}', ['outer.yaml:4:32 missing_input']],
    ['all that are missing', 'timeout: 1m', ['outer.yaml:4:3 missing_input']],
    ['a wrong type', 'inputs: { unit: 3 }', ['outer.yaml:4:48 wrong_input']],
    ['a value that is not in the enum', 'inputs: { unit: a, mode: slow }', ['outer.yaml:4:57 wrong_input']],
    ['an expression of another type', "inputs: { unit: '${{ inputs.n }}' }", ['outer.yaml:4:48 wrong_input']],
    [
      'an item of another type',
      "for_each: [a, 3], inputs: { unit: '${{ item }}' }",
      ['outer.yaml:4:66 wrong_input'],
    ],
    ['a secret', "inputs: { unit: '${{ secrets.S }}' }", ['outer.yaml:4:53 secret_outside_config']],
    ['a config', 'inputs: { unit: a }, config: { a: 1 }', ['outer.yaml:4:53 misplaced_field']],
  ])('refuses %s', async (_, step, expected) => {
    expect(places((await withInner(step)).findings)).toEqual(expected)
  })

  it('has inputs that are checked against their schemas, whatever those refer to', async () => {
    const units = `{ type: array, schema: { items: { $ref: '#/$defs/unit' }, minItems: 1, $defs: { unit: { type: string, pattern: '^p' } } } }`
    const of = async (inputs: string) =>
      places(
        (
          await compile({
            '/p/outer.yaml': outer(`pipeline: b.yaml, inputs: ${inputs}`),
            '/p/b.yaml': `name: b\ninputs:\n  units: ${units}\n  more: ${units.replace('{ type', '{ default: [p], type')}\n  n: { type: integer, default: 1, schema: { maximum: 5 } }\nsteps: { b: { job_type: x } }`,
          })
        ).findings,
      )
    expect(await of("{ units: [pump], n: '${{ inputs.n }}' }")).toEqual([])
    expect(await of("{ units: [pump, '${{ inputs.any.unit }}'] }")).toEqual([])
    expect(await of('{ units: [] }')).toEqual(['outer.yaml:4:43 wrong_input'])
    expect(await of('{ units: [pump, fan], n: 6 }')).toEqual([
      'outer.yaml:4:50 wrong_input',
      'outer.yaml:4:59 wrong_input',
    ])
  })

  it('has no job run that could be read', async () => {
    for (const member of ['run.uuid', 'job.uuid']) {
      const { findings } = await withInner(
        'inputs: { unit: a }',
        `outputs: { o: '\${{ steps.a.${member} }}' }`,
      )
      expect(places(findings)).toEqual(['outer.yaml:5:20 no_job_run'])
    }
  })

  it('has the outputs of the pipeline, and no others', async () => {
    const given = 'inputs: { unit: a }'
    const reading = async (source: string) =>
      places((await withInner(given, `outputs: { o: '\${{ ${source} }}' }`)).findings)
    expect(await reading('steps.a.outputs.count + 1')).toEqual([])
    expect(await reading('steps.a.outputs.counts')).toEqual(['outer.yaml:5:20 unknown_output'])
    // What is known of a job type's output is known of it here, too.
    expect(await reading('steps.a.outputs.graph + 1')).toHaveLength(1)
  })

  it('passes them on as values: no Jobs API has them', async () => {
    const { plan } = await withInner(
      'inputs: { unit: a }',
      "  b: { needs: [a], job_type: x, config: { n: '${{ steps.a.outputs.count }}' } }\n",
    )
    expect(plan?.steps[0]?.valueOutputs).toEqual(['count'])
    expect(plan?.steps[1]?.config).toMatchObject({ entries: [{ value: { kind: 'expression' } }] })
  })
})

describe('pipelines that cannot be had', () => {
  it('are reported where they are named, and their own problems in their own files', async () => {
    const broken = 'name: inner\nsteps: { work: { job_typ: x } }'
    const { plan, findings } = await compile({
      '/p/outer.yaml': outer('pipeline: ./inner.yaml'),
      '/p/inner.yaml': broken,
    })
    expect(plan).toBeUndefined()
    expect(places(findings)).toEqual([
      'outer.yaml:4:18 nested_pipeline_invalid',
      'inner.yaml:2:18 unknown_field',
    ])
  })

  it('say which file is missing, and which name is not known', async () => {
    expect(places((await compile({ '/p/outer.yaml': outer('pipeline: ./none.yaml') })).findings)).toEqual([
      'outer.yaml:4:18 no_such_file',
    ])
    expect(places((await compile({ '/p/outer.yaml': outer('pipeline: none') })).findings)).toEqual([
      'outer.yaml:4:18 unknown_pipeline',
    ])
  })

  it('tell a circle of files with its whole path', async () => {
    const { findings } = await compile({
      '/p/outer.yaml': outer('pipeline: b.yaml'),
      '/p/b.yaml': 'name: b\nsteps: { b: { pipeline: c.yaml } }',
      '/p/c.yaml': 'name: c\nsteps: { c: { pipeline: b.yaml } }',
    })
    expect(findings.find(({ code }) => code === 'pipeline_cycle')).toMatchObject({
      file: 'c.yaml',
      line: 2,
      message: 'these pipelines run each other: b.yaml → c.yaml → b.yaml',
    })
  })

  it('may stand five deep within one another, and no deeper', async () => {
    const chain = async (length: number) => {
      const { findings } = await compile({
        '/p/outer.yaml': outer('pipeline: p1.yaml'),
        ...Object.fromEntries(
          Array.from({ length }, (_, at) => [
            `/p/p${at + 1}.yaml`,
            `name: p\nsteps: { s: { ${at + 1 === length ? 'job_type: x' : `pipeline: p${at + 2}.yaml`} } }`,
          ]),
        ),
      })
      return findings
    }
    expect(await chain(5)).toEqual([])
    expect((await chain(6)).map(({ code }) => code)).toContain('nested_too_deep')
  })

  it('count for the size of the whole, as often as they are run', async () => {
    const large = `{ job_type: x, config: { text: ${'x'.repeat(1_000_000)} } }`
    const { findings } = await compile({
      '/p/outer.yaml': outer(
        'pipeline: b.yaml',
        '  b: { pipeline: b.yaml }\n  c: { pipeline: b.yaml }\n  d: { pipeline: b.yaml }\n',
      ),
      '/p/b.yaml': `name: b\nsteps: { a: ${large}, b: ${large}, c: ${large} }`,
    })
    expect(places(findings)).toEqual(['outer.yaml:3:1 plan_too_large'])
  })
})
