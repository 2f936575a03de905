import { definePipeline } from 'jobwright'
import * as z from 'zod/mini'
import '../job-types.ts'

export const right = definePipeline(
  { name: 'right', inputs: z.object({ folder: z._default(z.string(), 'x') }) },
  ({ inputs, step }) => {
    step('a', { jobType: 'list_images', config: { folder: inputs.folder } })
  },
)
