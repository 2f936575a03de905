import ky from 'ky'

/** What an engineer writes around a Jobs API of the reference, whatever calls it: create, trigger, look until it is over. */
export interface PlainJobsApi {
  createJob(step: string, duration: string): Promise<string>
  triggerRun(jobId: string): Promise<string>
  /** @param beforeNext called before each further look */
  pollRun(jobRunId: string, beforeNext?: () => Promise<void>): Promise<string>
  runToEnd(step: string, duration: string, beforeNext?: () => Promise<void>): Promise<string>
}

const terminal = ['completed', 'failed', 'cancelled']
const everyMs = 500

export function plainJobsApi(url: string, token: string, jobType = 'sleep'): PlainJobsApi {
  const api = ky.create({ prefix: url, retry: 0, headers: { authorization: `Bearer ${token}` } })
  const pause = () => new Promise<void>((resolve) => setTimeout(resolve, everyMs))
  async function createJob(step: string, duration: string): Promise<string> {
    const job = await api
      .post('jobs', { json: { job_type: jobType, config: { job_type: jobType, duration, step } } })
      .json<{ uuid: string }>()
    return job.uuid
  }
  async function triggerRun(jobId: string): Promise<string> {
    const run = await api.post('job-runs', { json: { job_id: jobId } }).json<{ uuid: string }>()
    return run.uuid
  }
  async function pollRun(jobRunId: string, beforeNext = pause): Promise<string> {
    for (;;) {
      const run = await api.get(`job-runs/${jobRunId}`).json<{ status: string }>()
      if (terminal.includes(run.status)) return run.status
      await beforeNext()
    }
  }
  return {
    createJob,
    triggerRun,
    pollRun,
    runToEnd: async (step, duration, beforeNext) =>
      pollRun(await triggerRun(await createJob(step, duration)), beforeNext),
  }
}
