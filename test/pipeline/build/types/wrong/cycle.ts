import { definePipeline, type Step } from 'jobwright'
import { z } from 'zod'
import '../job-types.ts'

const inputs = z.object({ folder: z.string(), most: z.int(), kind: z.enum(['photo', 'drawing']) })

export const wrong = definePipeline({ name: 'wrong', inputs }, ({ inputs, step }) => {
  const a: Step<{ x: number }> = step('a', { jobId: 'x', needs: [b] }) // refused
  const b = step('b', { jobId: 'y', needs: [a] })
})
