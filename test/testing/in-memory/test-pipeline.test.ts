// biome-ignore-all lint/suspicious/noTemplateCurlyInString: the marks of our own templates
import { test } from 'vitest'
import { failOnce, succeeds, takes, testPipeline, timeout } from '../../../src/testing/in-memory/index.ts'

test('x', async () => {
  const run = await testPipeline(
    {
      yaml: `name: p
inputs: { units: { type: array, default: [a, b] } }
steps:
  graph: { job_type: g, config: { u: "\${{ inputs.units }}" } }
  each: { needs: [graph], job_type: e, for_each: "\${{ steps.graph.outputs.list }}", config: { x: "\${{ item }}" }, retry: { attempts: 2, backoff: 5s } }
  slow: { needs: [graph], job_type: s, timeout: 5m, on_failure: continue }
outputs: { n: "\${{ steps.each.outputs.y }}" }
`,
    },
    {
      jobs: {
        g: succeeds({ list: [1, 2, 3] }),
        e: ({ config }) => ({ y: Number(config.x) * 2 }),
        s: takes('4m'),
      },
      faults: { 'each[1]': failOnce('boom'), slow: timeout() },
    },
  )
  console.log(JSON.stringify(run, null, 1))
})
