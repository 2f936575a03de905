import { definePipeline } from 'jobwright'
import { z } from 'zod'
import '../job-types.ts'

const inputs = z.object({ folder: z.string(), most: z.int(), kind: z.enum(['photo', 'drawing']) })

export const right = definePipeline({ name: 'right', inputs }, ({ inputs, step }) => {
  step.each('small', ['a', 'b'], (url) => ({ jobType: 'resize_image', config: { url, width: inputs.most } }))
  step.each('mixed', [inputs.folder, 'x'], (url) => ({ jobType: 'resize_image', config: { url, width: 3 } }))
})
