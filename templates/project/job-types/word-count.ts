import { defineJobType } from 'jobwright/job-types'
import { z } from 'zod'

/** One kind of work: a schema for its config, and the function that does it. */
export const wordCount = defineJobType({
  jobType: 'word_count',
  displayName: 'Word count',
  description: 'Counts the words of a text',
  config: z.strictObject({ text: z.string() }),
  outputs: { count: z.number() },
  async run({ config, log, output }) {
    const words = config.text.split(/\s+/).filter(Boolean)
    log.info(`${words.length} words`)
    await output.json('count', words.length)
  },
})
