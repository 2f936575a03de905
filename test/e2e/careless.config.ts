import { z } from 'zod'
import { defineConfig, defineJobType } from '../../src/job-types/index.ts'

const texts = { displayName: 'x', description: 'x', config: z.strictObject({}) }

/** Rejects a promise that nobody awaits, and ends well after that. */
const forgetful = defineJobType({
  ...texts,
  jobType: 'forgetful',
  async run() {
    void Promise.reject(new Error('canary-of-a-forgotten-promise'))
    await new Promise((resolve) => setTimeout(resolve, 50))
  },
})

export const { jobTypes } = defineConfig({ jobTypes: [forgetful] })
