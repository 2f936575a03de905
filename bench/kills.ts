import { setTimeout as pause } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import { parseArgs } from 'node:util'
import { planOf, planStep } from '../test/helpers/plans.ts'
import { startProcess, type TestProcess } from '../test/helpers/processes.ts'
import { type Part, startTestStack, type TestStack } from '../test/helpers/stack.ts'
import { until } from '../test/helpers/until.ts'
import { loadAverage } from './machine.ts'
import { quantile } from './statistics.ts'

/**
 * `node bench/kills.ts [--kill worker|server|temporal] [--second] [--runs N] [--kills N] [--step MS]`: pipeline runs on our own stack, each
 * a chain of sleeps. A process is killed and started again at once (with `--second` there is another worker, and the killed one stays
 * dead). How late is the next trigger of each run, against the pace that it had before? A handler that was killed sleeps anew, which is
 * up to a step's time of it.
 */
const { values } = parseArgs({
  options: {
    kill: { type: 'string', default: 'worker' },
    second: { type: 'boolean', default: false },
    runs: { type: 'string', default: '10' },
    kills: { type: 'string', default: '5' },
    step: { type: 'string', default: '1000' },
  },
})
const [runs = 0, kills = 0, stepMs = 0] = [values.runs, values.kills, values.step].map(Number)
const victim = values.kill as Part
const steps = 40
const longMs = 10 * 60_000

/** As in production: the stack of tests has short ones. */
const production = Object.fromEntries(
  ['STEP_HEARTBEAT', 'RUN_HEARTBEAT', 'WATCHER_HEARTBEAT', 'STICKY_QUEUE', 'RECONCILE'].map((name) => [
    `JOBWRIGHT_${name}_MS`,
    '',
  ]),
)

const plan = planOf(
  Array.from({ length: steps }, (_, n) =>
    planStep(`s${n}`, {
      needs: n === 0 ? [] : [`s${n - 1}`],
      config: { kind: 'literal', value: { duration: `${stepMs}ms` } },
    }),
  ),
)

/** When each job run of a pipeline run was triggered, by the API server. */
async function triggersOf(stack: TestStack, id: string): Promise<number[]> {
  const view = await stack.pipelines.show(id)
  const uuids = view.steps.flatMap(({ job_run_id }) => job_run_id ?? [])
  const found = await Promise.all(uuids.map((uuid) => stack.api.getJobRun(uuid)))
  return found.map(({ created_at }) => Date.parse(created_at)).toSorted((a, b) => a - b)
}

function startWorker(stack: TestStack, name: string): TestProcess {
  const root = fileURLToPath(new URL('../src/worker.ts', import.meta.url))
  return startProcess(process.execPath, [root], { ...stack.env, JOBWRIGHT_WORKER_NAME: name })
}

async function measure(): Promise<number[]> {
  const stack = await startTestStack({ env: { ...production, JOBWRIGHT_WORKER_NAME: 'first' } })
  const others: TestProcess[] = []
  try {
    if (values.second) others.push(startWorker(stack, 'second'))
    await Promise.all(others.map((worker) => worker.event('ready')))
    const ids = await Promise.all(Array.from({ length: runs }, () => stack.runPlan(plan)))
    await until(
      'all are at it',
      async () => {
        const all = await Promise.all(ids.map((id) => triggersOf(stack, id)))
        return all.every(({ length }) => length > 4)
      },
      longMs,
    )
    await pause(Math.random() * stepMs)
    const killedAtMs = Date.now()
    await stack.kill(victim)
    if (!values.second) await stack.start(victim)
    const upAfterMs = Date.now() - killedAtMs
    const lates = await Promise.all(
      ids.map((id) =>
        until(
          'it goes on',
          async () => {
            const at = await triggersOf(stack, id)
            const next = at.findIndex((ms) => ms > killedAtMs)
            if (next < 2) return undefined
            const periods = at.slice(1, next).map((ms, n) => ms - (at[n] ?? ms))
            return { lateMs: (at[next] ?? 0) - (at[next - 1] ?? 0) - quantile(periods, 0.5) }
          },
          longMs,
        ),
      ),
    )
    process.stdout.write(`  up again after ${values.second ? '-' : `${upAfterMs} ms`}\n`)
    return lates.map(({ lateMs }) => Math.max(0, lateMs))
  } finally {
    await Promise.all(others.map((worker) => worker.stop()))
    await stack.stop()
  }
}

const how = values.second ? 'stays dead beside a second worker' : 'is started again'
process.stdout.write(`${runs} chains of sleeps of ${stepMs} ms; the ${victim} is killed and ${how}\n`)
for (let kill = 1; kill <= kills; kill += 1) {
  const late = await measure()
  const shown = [quantile(late, 0.5), Math.max(...late)].map((ms) => (ms / 1000).toFixed(2))
  process.stdout.write(
    `kill ${kill}: the next trigger late by ${shown[0]} s median, ${shown[1]} s at most; load ${loadAverage().toFixed(1)}\n`,
  )
}
