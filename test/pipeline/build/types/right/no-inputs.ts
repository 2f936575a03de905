import { definePipeline } from 'jobwright'
import '../job-types.ts'

export const right = definePipeline({ name: 'right', connection: 'staging' }, ({ step }) => {
  step('a', { jobType: 'list_images', config: { folder: 'x' }, onFailure: 'continue' })
})
