import { Context } from '@temporalio/activity'
import { plainJobsApi } from '../peers/jobs-api.ts'

export function createHandWrittenActivities(url: string, { token = 'bench', jobType = 'sleep' } = {}) {
  const { createJob, triggerRun, pollRun, runToEnd } = plainJobsApi(url, token, jobType)
  const beforeNext = async () => {
    Context.current().heartbeat()
    await Context.current().sleep(500)
  }
  return {
    createJob: (step: string, duration = '1ms') => createJob(step, duration),
    triggerRun,
    pollRun: (jobRunId: string) => pollRun(jobRunId, beforeNext),
    createTriggerAndPoll: (step: string, duration = '1ms') => runToEnd(step, duration, beforeNext),
  }
}

export type HandWrittenActivities = ReturnType<typeof createHandWrittenActivities>
