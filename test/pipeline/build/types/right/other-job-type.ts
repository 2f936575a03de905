import { definePipeline, otherJobType } from 'jobwright'
import { z } from 'zod'
import '../job-types.ts'

const inputs = z.object({ folder: z.string(), most: z.int(), kind: z.enum(['photo', 'drawing']) })

export const right = definePipeline({ name: 'right', inputs }, ({ inputs, step }) => {
  const other = otherJobType<{ config: { path: string }; outputs: { hits: string[] } }>('other')
  const scanned = step('scan', { jobType: other, config: { path: inputs.folder } })
  step.each('each', scanned.outputs.hits, (hit) => ({ jobType: other, config: { path: hit } }))
})
