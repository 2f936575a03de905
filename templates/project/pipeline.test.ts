import { fail, testPipeline } from 'jobwright/testing'
import { expect, test } from 'vitest'
import { wordCount } from './job-types/word-count.ts'
import pipeline from './pipeline.ts'

const jobs = { word_count: wordCount }

test('counts the words of each text', async () => {
  const run = await testPipeline(pipeline, { inputs: { texts: ['one', 'one two'] }, jobs })
  expect(run.status).toBe('completed')
  expect(run.outputs.counts).toEqual([1, 2])
})

test('fails with a text that cannot be counted', async () => {
  const run = await testPipeline(pipeline, { jobs, faults: { 'counted[1]': fail('illegible') } })
  expect(run.status).toBe('failed')
  expect(run.step('counted').items[1]?.error?.message).toContain('illegible')
})
