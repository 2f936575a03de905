import { setTimeout as pause } from 'node:timers/promises'
import { z } from 'zod'
import { defineJobType } from '../../src/job-types/index.ts'

const common = { displayName: 'Lasting', description: 'Lasts until its signal', config: z.strictObject({}) }

/** Its first attempt lasts until somebody makes an end of it. */
const lasting = defineJobType({
  ...common,
  jobType: 'lasting',
  async run({ attempt, signal, output }) {
    if (attempt === 1)
      await new Promise((resolve) => signal.addEventListener('abort', resolve, { once: true }))
    signal.throwIfAborted()
    await output.json('attempt', attempt)
  },
})

const lastingOnce = defineJobType({ ...lasting, jobType: 'lasting_once', onWorkerLost: 'fail' })

/** Ends by itself. */
const aWhile = defineJobType({
  ...common,
  jobType: 'a_while',
  async run({ attempt, signal, output }) {
    await pause(7_000, undefined, { signal })
    await output.json('attempt', attempt)
  },
})

export const jobTypes = [lasting, lastingOnce, aWhile]
