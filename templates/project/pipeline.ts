import { definePipeline } from 'jobwright'
import { z } from 'zod'
import { wordCount } from './job-types/word-count.ts'

/** Counts the words of each text, one job run for each. The same in YAML: pipeline.yaml. */
export default definePipeline(
  {
    name: 'words',
    description: 'Counts the words of each text',
    inputs: z.object({ texts: z.array(z.string()).default(['to be or not to be', 'that is the question']) }),
  },
  ({ inputs, step }) => {
    const counted = step.each('counted', inputs.texts, (text) => ({ jobType: wordCount, config: { text } }))
    return { counts: counted.outputs.count }
  },
)
