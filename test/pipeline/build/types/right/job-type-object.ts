import { definePipeline } from 'jobwright'
import { z } from 'zod'
import { scan } from '../job-types.ts'

const inputs = z.object({ folder: z.string(), most: z.int(), kind: z.enum(['photo', 'drawing']) })

export const right = definePipeline({ name: 'right', inputs }, ({ inputs, step }) => {
  const scanned = step('scan', { jobType: scan, config: { path: inputs.folder } })
  step.each('each', scanned.outputs.hits, (hit) => ({ jobType: scan, config: { path: hit.file, depth: 2 } }))
  step('last', { jobType: scan, config: { path: scanned.outputs.summary } })
})
