import { answerQuestions, sayReady } from '../child.ts'
import { type Load, type RunOne, runAll } from '../load.ts'
import { plainJobsApi } from '../peers/jobs-api.ts'
import { loadPeer } from '../peers/packages.ts'

/** `node bench/hosts/dbos.ts FOLDER DATABASE_URL JOBS_API_URL TOKEN`: a program with DBOS, one `runStep` a job run. */
type Workflow = (durations: readonly string[], shape: Load['shape']) => Promise<string[]>
interface DbosSdk {
  DBOS: {
    setConfig(config: { name: string; systemDatabaseUrl: string; logLevel: string }): void
    launch(): Promise<void>
    shutdown(): Promise<void>
    registerWorkflow(workflow: Workflow, options: { name: string }): Workflow
    runStep(step: () => Promise<string>, options: { name: string }): Promise<string>
  }
}

const [folder = '', databaseUrl = '', url = '', token = ''] = process.argv.slice(2)
const { DBOS } = await loadPeer<DbosSdk>(folder, '@dbos-inc/dbos-sdk')
const api = plainJobsApi(url, token)

const workflow = DBOS.registerWorkflow(
  async (durations, shape) => {
    const runStep = (step: number, duration: string) =>
      DBOS.runStep(() => api.runToEnd(`s${step}`, duration), { name: `s${step}` })
    if (shape === 'fan') return Promise.all(durations.map((duration, step) => runStep(step, duration)))
    const statuses: string[] = []
    for (const [step, duration] of durations.entries()) statuses.push(await runStep(step, duration))
    return statuses
  },
  { name: 'bench' },
)

DBOS.setConfig({ name: 'bench', systemDatabaseUrl: databaseUrl, logLevel: 'error' })
await DBOS.launch()
const runOne: RunOne = async (durations, shape) => {
  await workflow(durations, shape)
  return ''
}
answerQuestions({ run: (load: Load) => runAll(load, runOne) }, () => DBOS.shutdown())
sayReady()
