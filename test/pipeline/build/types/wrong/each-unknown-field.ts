import { definePipeline } from 'jobwright'
import { z } from 'zod'
import '../job-types.ts'

const inputs = z.object({ folder: z.string(), most: z.int(), kind: z.enum(['photo', 'drawing']) })

export const wrong = definePipeline({ name: 'wrong', inputs }, ({ inputs, step }) => {
  step.each('a', ['x'], (url) => ({
    jobType: 'resize_image',
    config: { url, width: 3 },
    maxParalel: 3, // refused
  }))
})
