import { proxyActivities } from '@temporalio/workflow'
import type { HandWrittenActivities } from './activities.ts'

/** What an engineer would write without Jobwright: one activity a step that creates, triggers and polls. */
const { createTriggerAndPoll, createJob, triggerRun, pollRun } = proxyActivities<HandWrittenActivities>({
  startToCloseTimeout: 60_000,
  heartbeatTimeout: 10_000,
})

export async function chainOfOne(steps: number): Promise<string[]> {
  const statuses: string[] = []
  for (let step = 0; step < steps; step += 1) statuses.push(await createTriggerAndPoll(`s${step}`))
  return statuses
}

/** The same in three activities a step. */
export async function chainOfThree(steps: number): Promise<string[]> {
  const statuses: string[] = []
  for (let step = 0; step < steps; step += 1) {
    const jobId = await createJob(`s${step}`)
    const jobRunId = await triggerRun(jobId)
    statuses.push(await pollRun(jobRunId))
  }
  return statuses
}

/** So many at once, of runs that take a while. */
export async function fanOfOne(items: number): Promise<string[]> {
  return Promise.all(Array.from({ length: items }, (_, item) => createTriggerAndPoll(`s${item}`)))
}

/** The same in three activities each. */
export async function fanOfThree(items: number): Promise<string[]> {
  return Promise.all(
    Array.from({ length: items }, async (_, item) => pollRun(await triggerRun(await createJob(`s${item}`)))),
  )
}

/** What both are asked by the bench: the durations of the job runs, one after another or all at once. */
export async function runInOne(durations: string[], shape: 'chain' | 'fan'): Promise<string[]> {
  return inShape(durations, shape, (step, duration) => createTriggerAndPoll(step, duration))
}

export async function runInThree(durations: string[], shape: 'chain' | 'fan'): Promise<string[]> {
  return inShape(durations, shape, async (step, duration) =>
    pollRun(await triggerRun(await createJob(step, duration))),
  )
}

async function inShape(
  durations: string[],
  shape: 'chain' | 'fan',
  runStep: (step: string, duration: string) => Promise<string>,
): Promise<string[]> {
  if (shape === 'fan') return Promise.all(durations.map((duration, item) => runStep(`s${item}`, duration)))
  const statuses: string[] = []
  for (const [step, duration] of durations.entries()) statuses.push(await runStep(`s${step}`, duration))
  return statuses
}
