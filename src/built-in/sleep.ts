import { setTimeout as delay } from 'node:timers/promises'
import { z } from 'zod'
import { durationPattern, parseDurationMs } from '../base/duration.ts'
import { defineJobType } from '../job-types/define-job-type.ts'
import { JobRunError } from '../job-types/errors.ts'

const tickMs = 1000

/** Built in: waits, then completes or fails. For trying pipelines out. */
export const sleep = defineJobType({
  jobType: 'sleep',
  displayName: 'Sleep',
  description: 'Waits for a while, then completes, or fails when told to.',
  config: z.strictObject({
    duration: z
      .string()
      .regex(durationPattern)
      .describe('How long: 500ms, 5s, 30m, 2h, 7d')
      .meta({ examples: ['5s'] }),
    fail: z
      .union([z.boolean(), z.string()])
      .optional()
      .describe('Fail after the wait; text becomes the error message'),
  }),
  outputs: { slept: z.object({ ms: z.number() }) },
  async run({ config, signal, log, progress, output }) {
    const ms = parseDurationMs(config.duration) ?? 0
    log.info(`sleeping for ${config.duration}`)
    const start = performance.now()
    for (let left = ms; left > 0; left = ms - (performance.now() - start)) {
      await delay(Math.min(left, tickMs), undefined, { signal })
      progress(Math.min(1, (performance.now() - start) / ms))
    }
    if (config.fail !== undefined && config.fail !== false)
      throw new JobRunError('sleep_failed', typeof config.fail === 'string' ? config.fail : 'told to fail')
    await output.json('slept', { ms })
  },
})
