import { definePipeline } from 'jobwright'
import { z } from 'zod'
import '../job-types.ts'

const inputs = z.object({ folder: z.string(), most: z.int().default(3) })

export const wrong = definePipeline(
  { name: 'wrong', inputs, schedule: { every: '1h' } }, // refused
  ({ step }) => {
    step('a', { jobType: 'list_images', config: { folder: 'x' } })
  },
)
