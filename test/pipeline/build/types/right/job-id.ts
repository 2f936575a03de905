import { definePipeline } from 'jobwright'
import { z } from 'zod'
import '../job-types.ts'

const inputs = z.object({ folder: z.string(), most: z.int(), kind: z.enum(['photo', 'drawing']) })

export const right = definePipeline({ name: 'right', inputs }, ({ inputs, step }) => {
  const saved = step('saved', { jobId: inputs.folder, config: { anything: inputs.most } })
  step('after', { jobId: 'e1', config: { value: saved.outputs.value } })
})
