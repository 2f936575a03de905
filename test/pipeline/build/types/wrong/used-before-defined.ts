import { definePipeline } from 'jobwright'
import { z } from 'zod'
import '../job-types.ts'

const inputs = z.object({ folder: z.string(), most: z.int(), kind: z.enum(['photo', 'drawing']) })

export const wrong = definePipeline({ name: 'wrong', inputs }, ({ inputs, step }) => {
  step('b', {
    jobType: 'resize_image',
    config: {
      url: 'x',
      width: found.outputs.count, // refused
    },
  })
  const found = step('found', { jobType: 'list_images', config: { folder: inputs.folder } })
})
