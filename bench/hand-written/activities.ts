import { Context } from '@temporalio/activity'
import ky from 'ky'

const terminal = ['completed', 'failed', 'cancelled']

export function createHandWrittenActivities(url: string, { token = 'bench', jobType = 'sleep' } = {}) {
  const api = ky.create({ prefix: url, retry: 0, headers: { authorization: `Bearer ${token}` } })
  async function createJob(step: string): Promise<string> {
    const job = await api
      .post('jobs', { json: { job_type: jobType, config: { job_type: jobType, duration: '1ms', step } } })
      .json<{ uuid: string }>()
    return job.uuid
  }
  async function triggerRun(jobId: string): Promise<string> {
    const run = await api.post('job-runs', { json: { job_id: jobId } }).json<{ uuid: string }>()
    return run.uuid
  }
  async function pollRun(jobRunId: string): Promise<string> {
    for (;;) {
      const run = await api.get(`job-runs/${jobRunId}`).json<{ status: string }>()
      if (terminal.includes(run.status)) return run.status
      Context.current().heartbeat()
      await Context.current().sleep(500)
    }
  }
  return {
    createJob,
    triggerRun,
    pollRun,
    createTriggerAndPoll: async (step: string) => pollRun(await triggerRun(await createJob(step))),
  }
}

export type HandWrittenActivities = ReturnType<typeof createHandWrittenActivities>
