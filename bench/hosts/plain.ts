import { answerQuestions, sayReady } from '../child.ts'
import { type Load, type RunOne, runAll } from '../load.ts'
import { plainJobsApi } from '../peers/jobs-api.ts'

/** `node bench/hosts/plain.ts JOBS_API_URL TOKEN`: a loop that keeps nothing. What it does not do costs nothing. */
const [url = '', token = ''] = process.argv.slice(2)
const api = plainJobsApi(url, token)
const runOne: RunOne = async (durations, shape) => {
  const runStep = (step: number, duration: string) => api.runToEnd(`s${step}`, duration)
  if (shape === 'fan') await Promise.all(durations.map((duration, step) => runStep(step, duration)))
  else for (const [step, duration] of durations.entries()) await runStep(step, duration)
  return ''
}
answerQuestions({ run: (load: Load) => runAll(load, runOne) }, async () => undefined)
sayReady()
