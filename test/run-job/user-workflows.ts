import { runJob } from '../../src/public/workflow.ts'

/** Workflows as users write them. */

const nap = (step: string, duration: string) => runJob({ step, jobType: 'sleep', config: { duration } })

export async function one(duration: string) {
  return nap('only', duration)
}

/** Twice the same name, at once. */
export async function parallel(duration: string) {
  return Promise.all([nap('same', duration), nap('same', duration), nap('other', duration)])
}
