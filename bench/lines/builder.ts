import { connect, definePipeline } from 'jobwright'
import { z } from 'zod'

const review = definePipeline(
  { name: 'review', inputs: z.object({ system: z.string().default('Power Distribution Unit') }) },
  ({ inputs, step }) => {
    const graph = step('graph', {
      jobType: 'metagraph_update',
      config: { system_id_or_name: inputs.system },
      timeout: '30m',
    })
    const issues = step('issues', {
      jobType: 'generate_issue',
      config: { metagraph: graph.outputs['metagraph'] },
      retry: { attempts: 3, backoff: '5s' },
    })
    const report = step('report', { jobType: 'review_report', config: { issues: issues.outputs['issues'] } })
    return { report: report.outputs['report'] }
  },
)

await using jobwright = await connect()
console.log(await jobwright.pipelines.run(review, {}))
