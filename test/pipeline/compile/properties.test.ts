// biome-ignore-all lint/suspicious/noTemplateCurlyInString: the marks of our own templates
import fc from 'fast-check'
import { expect, test } from 'vitest'
import { pipelineDefinition } from '../../../src/pipeline/compile/definition.ts'
import {
  compilePipeline,
  createConfigChecker,
  drawPipeline,
  type Finding,
} from '../../../src/pipeline/index.ts'
import { jobTypes } from './helpers.ts'

/** fast-check prints the seed and the smallest failing case by itself. */

const base = `name: pdu-review
inputs:
  system: { type: string, default: Power Distribution Unit }
  limit: { type: integer, enum: [1, 2], default: 2 }
defaults: { timeout: 30m, retry: { attempts: 3, backoff: 5s } }
steps:
  graph:
    job_type: metagraph_update
    config: &c
      system_id_or_name: \${{ inputs.system }}
      n: 'x \${{ inputs.limit * 2 }} \${{ {"a": 1}.a }}'
  issues:
    needs: [graph]
    if: \${{ completed() && size(steps.graph.outputs.metagraph) > 0 }}
    for_each: \${{ [1, 2] }}
    job_type: generate_issue
    config: { graph: '\${{ steps.graph.outputs.metagraph }}', token: 'Bearer \${{ secrets.T }}' }
    on_failure: continue
outputs:
  issues: \${{ steps.issues.outputs.issues }}
`

const noise = fc.constantFrom(
  '${{',
  '}}',
  '{',
  '}',
  '[',
  ']',
  ':',
  ': ',
  ' #',
  '- ',
  "'",
  '"',
  '\t',
  '\n',
  '&a ',
  '*a',
  '*c',
  '|',
  '>',
  '? ',
  '<<: ',
  '!!binary ',
  '%',
  '---\n',
  '__proto__',
  'constructor: ',
  'null',
  '-5',
  '99999999999999999999',
  '\u0000',
  '\ud800',
  '\ufeff',
  '🙂',
)

type Edit = { at: number; remove: number; insert: string }

const edits = fc.array(
  fc.record({
    at: fc.nat(base.length),
    remove: fc.nat(12),
    insert: fc.oneof(noise, fc.string({ maxLength: 5 })),
  }),
  { minLength: 1, maxLength: 6 },
)

function apply(text: string, changes: Edit[]): string {
  return changes.reduce(
    (done, { at, remove, insert }) => done.slice(0, at) + insert + done.slice(at + remove),
    text,
  )
}

function expectSound(text: string, findings: Finding[]): void {
  const lines = text.split('\n')
  for (const finding of findings) {
    expect(finding.line).toBeGreaterThanOrEqual(1)
    expect(finding.line).toBeLessThanOrEqual(lines.length)
    expect(finding.column).toBeGreaterThanOrEqual(1)
    expect(finding.code).toMatch(/^[a-z][a-z0-9_]*$/)
    expect(finding.message).not.toBe('')
    expect(finding.fix).not.toBe('')
  }
}

test('a mutated file never makes the compiler throw, and gives a plan or an error', () => {
  const configs = createConfigChecker()
  fc.assert(
    fc.property(edits, (changes) => {
      const text = apply(base, changes)
      const { plan, findings } = compilePipeline(text, { file: 'p.yaml', jobTypes, configs, secretNames: [] })
      expectSound(text, findings)
      expect(plan === undefined).toBe(findings.some((finding) => finding.severity === 'error'))
      if (!plan) return
      for (const format of ['text', 'mermaid', 'svg'] as const) drawPipeline(plan, format)
    }),
    { numRuns: 1500 },
  )
})

test('any text at all never makes the compiler throw', () => {
  fc.assert(
    fc.property(fc.array(fc.oneof(noise, fc.string({ maxLength: 8 })), { maxLength: 40 }), (pieces) => {
      const text = pieces.join('')
      expectSound(text, compilePipeline(text, { file: 'p.yaml' }).findings)
    }),
    { numRuns: 500 },
  )
})

const field = fc.constantFrom(
  'needs',
  'if',
  'for_each',
  'max_parallel',
  'job_type',
  'job_id',
  'config',
  'timeout',
  'retry',
  'on_failure',
)
const value = fc.oneof(
  fc.jsonValue({ maxDepth: 2 }),
  fc.constantFrom<fc.JsonValue>('${{ true }}', '5m', ['a'], 3, 'fail'),
)

test('whatever compiles has the shape that the schema for editors describes', () => {
  fc.assert(
    fc.property(fc.dictionary(fc.constantFrom('a', 'b'), fc.dictionary(field, value)), (steps) => {
      const definition = { name: 'x', steps }
      const { plan, findings } = compilePipeline(JSON.stringify(definition), { file: 'p.json' })
      if (plan) expect(pipelineDefinition.safeParse(definition).success).toBe(true)
      else expect(findings).not.toEqual([])
    }),
    { numRuns: 500 },
  )
})

test('in a graph without cycles every step comes after what it needs', () => {
  fc.assert(
    fc.property(
      fc.array(fc.array(fc.nat(30), { maxLength: 4 }), { minLength: 1, maxLength: 30 }),
      fc.nat(),
      (graph, turn) => {
        const steps = graph.map((needs, index): [string, unknown] => [
          `s${index}`,
          {
            job_type: 'x',
            needs: [...new Set(needs.filter((need) => need < index))].map((need) => `s${need}`),
          },
        ])
        const at = turn % steps.length
        const turned = [...steps.slice(at), ...steps.slice(0, at)].reverse()
        const { plan } = compilePipeline(JSON.stringify({ name: 'x', steps: Object.fromEntries(turned) }), {
          file: 'p',
        })
        const seen = new Set<string>()
        for (const step of plan?.steps ?? []) {
          for (const need of step.needs) expect(seen.has(need)).toBe(true)
          seen.add(step.id)
        }
        expect(seen.size).toBe(steps.length)
      },
    ),
  )
})
