import { type DefineStep, definePipeline, type Expr, type Step } from 'jobwright'
import { z } from 'zod'
import '../job-types.ts'

function small(
  step: DefineStep,
  name: string,
  url: Expr<string>,
): Step<{ image: { href: string }; note?: string }> {
  return step(name, { jobType: 'resize_image', config: { url, width: 200 } })
}

export const right = definePipeline(
  { name: 'right', inputs: z.object({ url: z.url() }) },
  ({ inputs, step }) => {
    const images = ['a', 'b'].map((name) => small(step, name, inputs.url).outputs.image)
    step('publish', { jobType: 'publish', config: { images } })
  },
)
