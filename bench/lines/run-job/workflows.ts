import { type Json, runJob } from 'jobwright/workflow'

export async function review(system: string): Promise<Json | undefined> {
  const graph = await runJob({
    step: 'graph',
    jobType: 'metagraph_update',
    config: { system_id_or_name: system },
    timeout: '30m',
  })
  const issues = await runJob({
    step: 'issues',
    jobType: 'generate_issue',
    config: { metagraph: graph.outputs['metagraph'] ?? null },
    retry: { attempts: 3, backoff: '5s' },
  })
  const report = await runJob({
    step: 'report',
    jobType: 'review_report',
    config: { issues: issues.outputs['issues'] ?? null },
  })
  return report.outputs['report']
}
