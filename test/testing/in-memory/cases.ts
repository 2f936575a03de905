// biome-ignore-all lint/suspicious/noTemplateCurlyInString: the marks of our own templates

/** Pipelines that run on the real engine and in memory: what each engine makes of them has to be the same. */
export interface EngineCase {
  yaml: string
  /** The pipeline run is cancelled once this step's job run is at work. */
  cancelAt?: string
  inputs?: Record<string, string>
}

const act = (outputs: string) => `job_type: act, config: { outputs: ${outputs} }`
const failing = (message = 'boom') => `job_type: act, config: { fail: ${message} }`
const none = 'job_type: act'

export const cases: Record<string, EngineCase> = {
  'a chain with outputs': {
    yaml: `
inputs: { n: { type: integer, default: 4 } }
steps:
  a: { ${act('{ n: "${{ inputs.n }}", list: [1, 2, 3] }')} }
  b: { needs: [a], ${act('{ sum: "${{ steps.a.outputs.n + size(steps.a.outputs.list) }}", list: "${{ steps.a.outputs.list }}" }')} }
outputs: { sum: "\${{ steps.b.outputs.sum }}", list: "\${{ steps.b.outputs.list }}", id: "\${{ size(pipeline.run_id) > 0 }}" }`,
  },
  'a retry that helps': {
    yaml: 'steps: { a: { job_type: flaky, config: { failures: 2 }, retry: { attempts: 3, backoff: 10ms } } }\noutputs: { after: "${{ steps.a.outputs.after }}" }',
  },
  'a retry that does not help': {
    yaml: 'steps: { a: { job_type: flaky, config: { failures: 9 }, retry: { attempts: 2, backoff: 10ms } }, b: { needs: [a], job_type: act } }',
  },
  'a retry for other reasons': {
    yaml: 'steps: { a: { job_type: flaky, config: { failures: 1 }, retry: { attempts: 3, backoff: 10ms, on: [timeout] } } }',
  },
  'a failure that is put up with': {
    yaml: `
steps:
  a: { ${failing()}, on_failure: continue }
  b: { needs: [a], ${act('{ status: "${{ steps.a.status }}" }')} }
outputs: { status: "\${{ steps.b.outputs.status }}", none: "\${{ steps.a.outputs.none }}" }`,
  },
  'a failure that fails the run': {
    yaml: `
steps:
  a: { job_type: act, config: { fail: no, code: nope } }
  b: { needs: [a], ${none} }
  c: { needs: [b], ${none} }
  told: { needs: [a], if: "\${{ failed() }}", ${none} }
  anyway: { needs: [c], if: "\${{ always() }}", ${none} }
  back: { needs: [a], if: "\${{ cancelled() }}", ${none} }
outputs: { told: "\${{ steps.told.status }}" }`,
  },
  conditions: {
    yaml: `
inputs: { n: { type: integer, default: 4 } }
steps:
  a: { if: "\${{ inputs.n > 5 }}", ${none} }
  b: { needs: [a], ${none} }
  c: { needs: [a], if: "\${{ always() }}", ${none} }
  d: { if: "\${{ inputs.n < 5 }}", ${none} }
  e: { needs: [d], if: "\${{ steps.d.outputs.none == 1 }}", on_failure: continue, ${none} }
  f: { needs: [d], if: "\${{ failed() }}", ${none} }`,
  },
  'a for_each whose items fail': {
    yaml: `
steps:
  list: { ${act('{ list: ["a", "b", "c", "d"] }')} }
  each: { needs: [list], for_each: "\${{ steps.list.outputs.list }}", max_parallel: 1, job_type: act, config: { outputs: { x: "\${{ item }}", i: "\${{ index }}" }, fail: b is bad, when: "\${{ item == 'b' }}" } }
  after: { needs: [each], ${none} }`,
  },
  'a for_each whose failures are put up with': {
    yaml: `
steps:
  list: { ${act('{ list: [1, 2, 3] }')} }
  each: { needs: [list], for_each: "\${{ steps.list.outputs.list }}", on_failure: continue, job_type: act, config: { outputs: { x: "\${{ 6 / (item - 2) }}" } } }
  after: { needs: [each], ${act('{ x: "${{ steps.each.outputs.x }}" }')} }
outputs: { x: "\${{ steps.after.outputs.x }}" }`,
  },
  'an empty for_each': {
    yaml: `steps: { each: { for_each: [], ${none} }, after: { needs: [each], ${act('{ n: "${{ size(steps.each.outputs.x) }}" }')} } }`,
  },
  'a for_each over no list': {
    yaml: `steps: { a: { ${act('{ n: 5 }')} }, each: { needs: [a], for_each: "\${{ steps.a.outputs.n }}", ${none} } }`,
  },
  'a config that cannot be evaluated': {
    yaml: `steps: { a: { ${none} }, b: { needs: [a], ${act('{ n: "${{ steps.a.outputs.none }}" }')} }, c: { needs: [a], ${act('{ n: "${{ 1 / (size(steps.a.status) - 9) }}" }')} } }`,
  },
  'a config that the server refuses': {
    yaml: 'steps: { a: { job_type: act, config: { unknown: 1 }, retry: { attempts: 2, backoff: 10ms } }, b: { needs: [a], job_type: act } }',
  },
  'an output that the handler may not store': {
    yaml: 'steps: { a: { job_type: act, config: { outputs: { "not a name": 1 } } } }',
  },
  'a timeout': {
    yaml: 'steps: { a: { job_type: wait, timeout: 300ms, retry: { attempts: 2, backoff: 10ms } }, b: { needs: [a], if: "${{ failed() }}", job_type: act } }',
  },
  'large outputs': {
    yaml: `
steps:
  a: { job_type: act, config: { text: 100000 } }
  b: { job_type: act, config: { text: 2000 } }
  c: { needs: [a, b], ${act('{ a: "${{ size(steps.a.outputs.text) }}", b: "${{ steps.b.outputs.text }}", whole: "${{ steps.a.outputs.text }}" }')} }
outputs: { a: "\${{ steps.c.outputs.a }}", b: "\${{ size(steps.c.outputs.b) }}", whole: "\${{ size(steps.c.outputs.whole) }}" }`,
  },
  'what a job run looks like': {
    yaml: `
steps:
  a: { ${act('{ n: 1 }')} }
  b: { needs: [a], ${act('{ status: "${{ steps.a.run.status }}", names: "${{ steps.a.run.output_references.map(r, r.name) }}", type: "${{ steps.a.run.output_references[0].media_type }}", kind: "${{ steps.a.run.output_references[0].type }}", job: "${{ size(steps.a.job.uuid) }}" }')} }
outputs: { status: "\${{ steps.b.outputs.status }}", names: "\${{ steps.b.outputs.names }}", type: "\${{ steps.b.outputs.type }}", kind: "\${{ steps.b.outputs.kind }}", job: "\${{ steps.b.outputs.job }}" }`,
  },
  'a start with the first need that is done': {
    yaml: `
steps:
  a: { ${act('{ n: 1 }')} }
  slow: { needs: [a], job_type: wait, timeout: 300ms, on_failure: continue }
  none: { if: "\${{ false }}", ${none} }
  first: { needs: [slow, a], start: any, ${act('{ n: "${{ has(steps.slow.outputs.n) ? 0 : steps.a.outputs.n }}", late: "${{ steps.slow.status == \'failed\' }}" }')} }
  after: { needs: [first], ${act('{ n: "${{ steps.first.outputs.n }}" }')} }
outputs: { n: "\${{ steps.after.outputs.n }}", late: "\${{ steps.first.outputs.late }}", slow: "\${{ steps.slow.status }}" }`,
  },
  'a start that each need is asked about': {
    yaml: `
steps:
  a: { ${act('{ n: 1 }')} }
  slow: { needs: [a], job_type: wait, timeout: 300ms, on_failure: continue }
  none: { if: "\${{ false }}", ${none} }
  failure: { needs: [a, slow], start: any, if: "\${{ failed() }}", ${act('{ n: "${{ steps.a.outputs.n }}" }')} }
  never: { needs: [a, slow], start: any, if: "\${{ steps.slow.status == 'completed' }}", ${none} }
  unready: { needs: [a, slow], start: any, if: "\${{ steps.slow.outputs.n == 1 }}", on_failure: continue, ${none} }
  skipped: { needs: [none, never], start: any, ${none} }
  anyway: { needs: [none, never], start: any, if: "\${{ !failed() }}", ${none} }
outputs: { n: "\${{ steps.failure.outputs.n }}" }`,
  },
  'a start with any need after a failure': {
    yaml: `
steps:
  a: { ${failing()} }
  slow: { job_type: wait, timeout: 300ms }
  one: { needs: [slow, a], start: any, ${none} }
  told: { needs: [slow, a], start: any, if: "\${{ failed() }}", ${none} }`,
  },
  'a cancel': {
    cancelAt: 'b',
    yaml: `
steps:
  a: { ${act('{ n: 1 }')} }
  b: { needs: [a], job_type: wait }
  c: { needs: [b], ${none} }
outputs: { n: "\${{ steps.a.outputs.n }}" }`,
  },
  'a cancel with a clean-up': {
    cancelAt: 'b',
    yaml: `
steps:
  a: { ${none} }
  b: { needs: [a], for_each: [1, 2, 3], max_parallel: 1, job_type: wait }
  anyway: { needs: [b], if: "\${{ always() }}", ${none} }
  back: { needs: [a, b], if: "\${{ cancelled() }}", ${failing('not back')}, on_failure: continue }
  told: { needs: [b], if: "\${{ failed() }}", ${none} }
  soon: { needs: [a, anyway], start: any, if: "\${{ cancelled() }}", ${none} }
  not: { needs: [a, b], start: any, if: "\${{ failed() }}", ${none} }
  last: { needs: [back], if: "\${{ always() }}", ${none} }`,
  },
}
