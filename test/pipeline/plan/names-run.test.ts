import { expect, it } from 'vitest'
import { compilePipeline } from '../../../src/pipeline/index.ts'
import { namesPipelineRun } from '../../../src/pipeline/plan/index.ts'

it.each([
  ['an expression', `\${{ pipeline.run_id }}`, true],
  ['an expression within text', `of \${{ pipeline.run_id }}`, true],
  ['its name as text', 'pipeline.run_id', false],
  ['another member', `\${{ pipeline.started_at }}`, false],
])('%s in a config', (_, text, names) => {
  const file = `name: p\nsteps: { one: { job_id: j, config: { tags: [{ run: '${text}' }] } } }`
  const { plan } = compilePipeline(file, { file: 'p.yaml' })
  expect(namesPipelineRun(plan?.steps[0]?.config)).toBe(names)
})
