import { z } from 'zod'
import pduReview from '../../../examples/pdu-review/jobwright.config.ts'
import { defineConfig, defineJobType, JobRunError } from '../../../src/job-types/index.ts'

const texts = { displayName: 'x', description: 'x' }

/** Does as its config says; the same on the real engine and in memory. */
export const act = defineJobType({
  ...texts,
  jobType: 'act',
  config: z.strictObject({
    outputs: z.record(z.string(), z.json()).optional(),
    /** An output of so many characters. */
    text: z.number().optional(),
    fail: z.string().optional(),
    code: z.string().optional(),
    /** Whether it fails. */
    when: z.boolean().optional(),
  }),
  async run({ config, output }) {
    for (const [name, value] of Object.entries(config.outputs ?? {})) await output.json(name, value)
    if (config.text !== undefined) await output.json('text', 'x'.repeat(config.text))
    if (config.fail !== undefined && config.when !== false)
      throw config.code === undefined ? new Error(config.fail) : new JobRunError(config.code, config.fail)
  },
})

/** Fails in the first runs of its job. */
const flaky = defineJobType({
  ...texts,
  jobType: 'flaky',
  config: z.strictObject({ failures: z.number() }),
  async run({ config, run, api, output }) {
    const { items } = await api.listJobRuns({ job_id: run.jobId })
    if (items.length <= config.failures) throw new JobRunError('flaky', `failure ${items.length}`)
    await output.json('after', items.length - 1)
  },
})

/** Until it is cancelled. */
const wait = defineJobType({
  ...texts,
  jobType: 'wait',
  config: z.strictObject({}),
  run: ({ signal }) =>
    new Promise((_, reject) => {
      signal.addEventListener('abort', () => reject(signal.reason), { once: true })
    }),
})

const { JOBS_API_URL: url = 'http://127.0.0.1:9', JOBS_API_TOKEN: token = '' } = process.env

export const { jobTypes, connections } = defineConfig({
  jobTypes: [act, flaky, wait, ...(pduReview.jobTypes ?? [])],
  connections: { hosted: { url, token } },
})
