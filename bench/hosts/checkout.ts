import path from 'node:path'
import { pathToFileURL } from 'node:url'
import { parseArgs } from 'node:util'
import { answerQuestions, sayReady } from '../child.ts'
import { type Load, type RunOne, runAll } from '../load.ts'

/**
 * `node bench/hosts/checkout.ts CHECKOUT --parts temporal,worker [--env JSON] [--count]`: starts the stack of a checkout of this project
 * from its sources and puts load on it. It loads nothing of `src/` but that checkout's, so that two versions never mix in a process.
 */
export interface CheckoutQuestions {
  run(load: Load): { wallMs: number; endedAtMs: number[]; ids: string[] }
  /** Of these runs together. */
  events(ids: string[]): { events: number; workflowTasks: number }
  /** To the API server since it was last asked, by method and route. Only with `--count`. */
  requests(): Record<string, number>
  pids(): Record<'temporal' | 'server' | 'worker', number>
  address(): string
}

type Stack = typeof import('../../test/helpers/stack.ts')
type Pipeline = typeof import('../../src/pipeline/index.ts')
type Chain = typeof import('../../test/helpers/chain.ts')
type Proxy = typeof import('../../test/helpers/counting-proxy.ts')
type Temporal = Partial<Pick<typeof import('../../src/temporal/index.ts'), 'packing'>>
type Ports = typeof import('../../src/dev-stack/temporal-cli/dev-server.ts')

/** As in production; the stack of tests has them shorter. */
const patience = {
  JOBWRIGHT_STEP_HEARTBEAT_MS: '',
  JOBWRIGHT_RUN_HEARTBEAT_MS: '',
  JOBWRIGHT_WATCHER_HEARTBEAT_MS: '',
  JOBWRIGHT_STICKY_QUEUE_MS: '',
  JOBWRIGHT_RECONCILE_MS: '',
  JOBWRIGHT_SHUTDOWN_GRACE_MS: '',
  // As the dev stack and the image start it.
  NODE_OPTIONS: '--max-semi-space-size=4',
}

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    parts: { type: 'string', default: 'temporal,server,worker' },
    env: { type: 'string', default: '{}' },
    count: { type: 'boolean', default: false },
  },
})
const [checkout = '.'] = positionals
const of = <Module>(file: string) =>
  import(pathToFileURL(path.resolve(checkout, file)).href) as Promise<Module>
const { startTestStack } = await of<Stack>('test/helpers/stack.ts')
const { historiesOf, workflowTasksOf } = await of<Chain>('test/helpers/chain.ts')
const { compilePipeline } = await of<Pipeline>('src/pipeline/index.ts')
const { packing } = await of<Temporal>('src/temporal/index.ts')
const { findFreePort } = await of<Ports>('src/dev-stack/temporal-cli/dev-server.ts')

/** Everybody who asks the API server is sent past the proxy. */
async function startCounting() {
  const port = await findFreePort()
  const { startCountingProxy } = await of<Proxy>('test/helpers/counting-proxy.ts')
  const proxy = await startCountingProxy(`http://127.0.0.1:${port}`)
  const { origin } = new URL(proxy.url)
  const env = {
    JOBWRIGHT_PORT: String(port),
    JOBWRIGHT_URL: origin,
    JOBS_API_URL: `${origin}/api/v1`,
  }
  return { proxy, env }
}

const counting = values.count ? await startCounting() : undefined
const given = JSON.parse(values.env) as Record<string, string>
const stack = await startTestStack({
  parts: values.parts.split(',') as ('temporal' | 'server' | 'worker')[],
  env: { ...patience, ...counting?.env, ...given },
  startTimeoutMs: 180_000,
})

/** Results of big runs are packed, since there are big runs. */
const reading = packing?.(stack.client) ?? stack.client

function compile(text: string) {
  const { plan, findings } = compilePipeline(text, { file: 'bench.yaml' })
  if (!plan) throw new Error(JSON.stringify(findings))
  return plan
}

const plans = new Map<string, ReturnType<typeof compile>>()

function planFor(shape: Load['shape'], durations: readonly string[]) {
  const text = shape === 'chain' ? chainOf(durations) : fanOf(durations.length)
  const plan = plans.get(text) ?? compile(text)
  plans.set(text, plan)
  return plan
}

const head = 'name: bench\ninputs: { durations: { type: array } }\nsteps:\n'

/** Nothing is evaluated here that hand-written code does not evaluate. */
function chainOf(durations: readonly string[]): string {
  const lines = durations.map((duration, step) => {
    const needs = step === 0 ? '' : `needs: [s${step - 1}], `
    return `  s${step}: { ${needs}job_type: sleep, config: { duration: ${duration} } }`
  })
  return `${head}${lines.join('\n')}\n`
}

/** As many at once as a step may have. */
const mostParallel = 500

function fanOf(steps: number): string {
  const parallel = Math.min(steps, mostParallel)
  return `${head}  all: { for_each: '\${{ inputs.durations }}', max_parallel: ${parallel}, job_type: sleep, config: { duration: '\${{ item }}' } }\n`
}

const runOne: RunOne = async (durations, shape) => {
  const plan = planFor(shape, durations)
  const { id } = await stack.pipelines.start(plan, { durations: shape === 'fan' ? [...durations] : [] })
  await reading.workflow.getHandle(id).result()
  return id
}

/** Without what tells one run from another. */
const routeOf = (request: string): string =>
  request
    .replace(/\?.*/, '')
    .replace(/[0-9a-f]{8}-[0-9a-f-]{27}/g, '{id}')
    .replace(/\/outputs\/.*/, '/outputs/{name}')

answerQuestions(
  {
    run: (load: Load) => runAll(load, runOne),
    async events(ids: string[]) {
      let [events, workflowTasks] = [0, 0]
      for (const id of ids)
        for (const history of await historiesOf(stack.client, id)) {
          events += history.events?.length ?? 0
          workflowTasks += workflowTasksOf(history).completed
        }
      return { events, workflowTasks }
    },
    requests() {
      const seen = counting?.proxy.requests.splice(0) ?? []
      const byRoute: Record<string, number> = {}
      for (const route of seen.map(routeOf)) byRoute[route] = (byRoute[route] ?? 0) + 1
      return byRoute
    },
    pids: () => ({
      temporal: stack.pid('temporal'),
      server: stack.pid('server'),
      worker: stack.pid('worker'),
    }),
    address: () => stack.temporalAddress,
  },
  async () => {
    await stack.stop()
    await counting?.proxy.stop()
  },
)
sayReady()
