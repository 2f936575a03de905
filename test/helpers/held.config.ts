import { existsSync } from 'node:fs'
import { setTimeout as pause } from 'node:timers/promises'
import { z } from 'zod'
import { defineJobType } from '../../src/job-types/index.ts'

/** Lasts until its file exists, when it is stubborn also where it is told to stop: for who has to do something meanwhile, however long that takes. */
const held = defineJobType({
  jobType: 'held',
  displayName: 'Held',
  description: 'Lasts until a file exists',
  config: z.strictObject({ file: z.string(), is_stubborn: z.boolean().optional() }),
  async run({ config, signal }) {
    while (!existsSync(config.file)) await pause(20, undefined, config.is_stubborn ? {} : { signal })
  },
})

export const jobTypes = [held]
