import { existsSync } from 'node:fs'
import { setTimeout as pause } from 'node:timers/promises'
import { z } from 'zod'
import { defineJobType } from '../../src/job-types/index.ts'

/** Lasts until its file exists: for who has to do something while a run is under way, however long that takes. */
const held = defineJobType({
  jobType: 'held',
  displayName: 'Held',
  description: 'Lasts until a file exists',
  config: z.strictObject({ file: z.string() }),
  async run({ config, signal }) {
    while (!existsSync(config.file)) await pause(20, undefined, { signal })
  },
})

export const jobTypes = [held]
