import { definePipeline, gt } from 'jobwright'
import { z } from 'zod'
import '../job-types.ts'

const inputs = z.object({ folder: z.string(), most: z.int(), kind: z.enum(['photo', 'drawing']) })

export const wrong = definePipeline({ name: 'wrong', inputs }, ({ inputs, step }) => {
  step('a', {
    jobType: 'list_images',
    config: { folder: 'x' },
    if: gt(inputs.most, 'many'), // refused
  })
})
