import { cel, definePipeline, text } from 'jobwright'
import { z } from 'zod'
import '../job-types.ts'

const inputs = z.object({ folder: z.string(), most: z.int(), kind: z.enum(['photo', 'drawing']) })

export const right = definePipeline({ name: 'right', inputs }, ({ inputs, step }) => {
  const found = step('found', { jobType: 'list_images', config: { folder: inputs.folder } })
  const small = step.each('small', found.outputs.images, (image, index) => ({
    jobType: 'resize_image',
    config: { url: image.href, width: cel<number>`${index} + ${image.width}` },
    maxParallel: 4,
  }))
  step('publish', {
    jobType: 'publish',
    config: { images: small.outputs.image, title: text`${inputs.folder}!` },
  })
})
