import { definePipeline } from 'jobwright'
import { z } from 'zod'
import '../job-types.ts'

const inputs = z.object({ folder: z.string(), most: z.int(), kind: z.enum(['photo', 'drawing']) })

export const right = definePipeline({ name: 'right', inputs }, ({ inputs, step }) => {
  const small = step('small', { jobType: 'resize_image', config: { url: inputs.folder, width: 3 } })
  step('publish', {
    jobType: 'publish',
    config: { images: [small.outputs.image], title: small.outputs.note },
  })
  const found = step('found', { jobType: 'list_images', config: { folder: inputs.folder } })
  step.each('names', found.outputs.images, (image) => ({
    jobType: 'list_images',
    config: { folder: image.author.name },
  }))
})
