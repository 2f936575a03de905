import { definePipeline } from 'jobwright'
import { z } from 'zod'
import '../job-types.ts'

const inputs = z.object({ folder: z.string(), most: z.int(), kind: z.enum(['photo', 'drawing']) })

export const right = definePipeline({ name: 'right', inputs }, ({ inputs, step }) => {
  const found = step('found', {
    jobType: 'list_images',
    config: { folder: inputs.folder, kind: inputs.kind, limits: { most: inputs.most } },
    timeout: '30m',
    retry: { attempts: 3, backoff: '5s', on: ['failed'] },
  })
  step('publish', { jobType: 'publish', config: { images: found.outputs.images }, needs: [found] })
})
