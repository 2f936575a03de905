import { definePipeline, type Pipeline } from 'jobwright'
import { z } from 'zod'
import '../job-types.ts'

const inputs = z.object({ folder: z.string().default('x'), most: z.int() })

const made = definePipeline({ name: 'right', inputs }, ({ inputs, step }) => {
  const found = step('found', { jobType: 'list_images', config: { folder: inputs.folder } })
  const small = step.each('small', found.outputs.images, (image) => ({
    jobType: 'resize_image',
    config: { url: image.href, width: 3 },
    onFailure: 'continue',
  }))
  return { count: found.outputs.count, small: small.outputs.image, fixed: 3, deep: { folder: inputs.folder } }
})

export const right: Pipeline<
  { folder?: string | undefined; most: number },
  { count: number; small: ({ href: string } | null)[]; fixed: number; deep: { folder: string } }
> = made
