import { answerQuestions, sayReady } from '../child.ts'
import type { Load } from '../load.ts'
import { plainJobsApi } from '../peers/jobs-api.ts'
import { loadPeer } from '../peers/packages.ts'

/** `node bench/hosts/restate.ts FOLDER PORT JOBS_API_URL TOKEN`: a Restate service whose steps are one `ctx.run` a job run. */
interface Context {
  run(name: string, action: () => Promise<string>): Promise<string>
}
type Handler = (context: Context, input: { durations: string[]; shape: Load['shape'] }) => Promise<string[]>
interface RestateSdk {
  service(definition: { name: string; handlers: { run: Handler } }): object
  serve(options: { services: object[]; port: number }): Promise<number>
  RestatePromise: { all(promises: Promise<string>[]): Promise<string[]> }
}

const [folder = '', port = '', url = '', token = ''] = process.argv.slice(2)
const { service, serve, RestatePromise } = await loadPeer<RestateSdk>(folder, '@restatedev/restate-sdk')
const api = plainJobsApi(url, token)

const run: Handler = async (context, { durations, shape }) => {
  const runStep = (step: number, duration: string) =>
    context.run(`s${step}`, () => api.runToEnd(`s${step}`, duration))
  if (shape === 'fan') return RestatePromise.all(durations.map((duration, step) => runStep(step, duration)))
  const statuses: string[] = []
  for (const [step, duration] of durations.entries()) statuses.push(await runStep(step, duration))
  return statuses
}

await serve({ services: [service({ name: 'bench', handlers: { run } })], port: Number(port) })
answerQuestions({}, async () => undefined)
sayReady()
