import { definePipeline, pipeline, secret, text } from 'jobwright'
import { z } from 'zod'
import '../job-types.ts'

const inputs = z.object({ folder: z.string(), most: z.int(), kind: z.enum(['photo', 'drawing']) })

export const right = definePipeline({ name: 'right', inputs }, ({ inputs, step }) => {
  step('a', {
    jobId: 'x',
    config: { authorization: text`Bearer ${secret('TOKEN')}`, id: pipeline.runId, at: pipeline.startedAt },
  })
  step('b', { jobType: 'list_images', config: { folder: secret('FOLDER') } })
  step('c', { jobType: 'list_images', config: { folder: inputs.folder } })
})
