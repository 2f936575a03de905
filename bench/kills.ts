import { tmpdir } from 'node:os'
import path from 'node:path'
import { setTimeout as pause } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import { parseArgs } from 'node:util'
import proto from '@temporalio/proto'
import { decodePipelineRef } from '../src/contract/index.ts'
import { planOf, planStep } from '../test/helpers/plans.ts'
import { startProcess, type TestProcess } from '../test/helpers/processes.ts'
import { type Part, startTestStack, type TestStack } from '../test/helpers/stack.ts'
import { until } from '../test/helpers/until.ts'
import { type InstantServer, startInstantServer } from './instant-server.ts'
import { loadAverage } from './machine.ts'
import { quantile } from './statistics.ts'

/**
 * `node bench/kills.ts [--kill worker|server|temporal] [--second] [--instant] [--runs N] [--kills N] [--step MS] [--history]`: pipeline
 * runs on our own stack, each a chain of sleeps. A process is killed and started again at once (with `--second` there is another worker,
 * and the killed one stays dead). How late are the next triggers of each run, against the pace that it had before? A handler that was
 * killed sleeps anew, which is up to a step's time of it; with `--instant` a Jobs API in memory that nobody kills has the job runs, and
 * what is late is the orchestrator. `--history` prints what the latest run did after the kill.
 */
const { values } = parseArgs({
  options: {
    kill: { type: 'string', default: 'worker' },
    second: { type: 'boolean', default: false },
    instant: { type: 'boolean', default: false },
    history: { type: 'boolean', default: false },
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

/** When job runs were made, by pipeline run. */
type Triggers = ReadonlyMap<string, readonly number[]>

function byRun(made: Iterable<{ atMs: number; clientRef: string | null | undefined }>): Triggers {
  const found = new Map<string, number[]>()
  for (const { atMs, clientRef } of made) {
    const id = decodePipelineRef(clientRef)?.workflowId
    if (id !== undefined) found.set(id, [...(found.get(id) ?? []), atMs])
  }
  return found
}

/** Reads on in the change feed each time that it is asked, which costs the stack little. */
function triggersOf({ api }: TestStack): () => Promise<Triggers> {
  const seen = new Map<string, { atMs: number; clientRef: string | null | undefined }>()
  let after: string | undefined
  return async () => {
    let full = true
    while (full) {
      const page = await api.listJobRunChanges({ ...(after ? { after } : {}), limit: 200 })
      for (const { job_run: run } of page.changes)
        seen.set(run.uuid, { atMs: Date.parse(run.created_at), clientRef: run.client_ref })
      full = after !== undefined && page.changes.length > 0
      after = page.cursor
    }
    return byRun([...seen.values()].toSorted((a, b) => a.atMs - b.atMs))
  }
}

function startWorker(stack: TestStack, name: string): TestProcess {
  const root = fileURLToPath(new URL('../src/worker.ts', import.meta.url))
  return startProcess(process.execPath, [root], { ...stack.env, JOBWRIGHT_WORKER_NAME: name })
}

const lookEveryMs = 250

/** How much longer than usual a run took for its next triggers after the kill; undefined while it is not that far. */
function latenessOf(at: readonly number[], killedAtMs: number): number | undefined {
  const next = at.findIndex((ms) => ms > killedAtMs)
  if (next < 2 || at.length < next + 2) return undefined
  const gaps = at.slice(1, next + 2).map((ms, n) => ms - (at[n] ?? ms))
  return Math.max(0, ...gaps.slice(next - 1)) - quantile(gaps.slice(0, next - 1), 0.5)
}

async function printHistory(
  stack: TestStack,
  id: string,
  triggeredAt: readonly number[],
  killedAtMs: number,
): Promise<void> {
  const { events } = await stack.client.workflow.getHandle(id).fetchHistory()
  const ofTemporal = (events ?? []).map(({ eventTime, eventType }) => ({
    atMs: Number(eventTime?.seconds ?? 0) * 1000 + (eventTime?.nanos ?? 0) / 1e6,
    what: proto.temporal.api.enums.v1.EventType[eventType ?? 0],
  }))
  const all = [...ofTemporal, ...triggeredAt.map((atMs) => ({ atMs, what: 'job run made' }))]
  for (const { atMs, what } of all.toSorted((one, other) => one.atMs - other.atMs)) {
    const ms = atMs - killedAtMs
    if (ms > -1_500 && ms < 8_000) process.stdout.write(`${ms.toFixed(0).padStart(8)} ms ${what}\n`)
  }
}

async function measure(instant: InstantServer | undefined): Promise<number[]> {
  const elsewhere = instant && {
    JOBS_API_URL: instant.url,
    JOBS_API_TOKEN: instant.token,
    JOBWRIGHT_URL: '',
    JOBWRIGHT_WORKER_TOKEN: '',
  }
  const stack = await startTestStack({
    env: {
      ...production,
      ...elsewhere,
      JOBWRIGHT_WORKER_NAME: 'first',
      NODE_COMPILE_CACHE: path.join(tmpdir(), 'jobwright-bench-compiled'),
    },
    ...(instant ? { parts: ['temporal', 'worker'] } : {}),
  })
  const look = instant ? () => byRun(instant.triggers()) : triggersOf(stack)
  const others: TestProcess[] = []
  try {
    await look()
    if (values.second) others.push(startWorker(stack, 'second'))
    await Promise.all(others.map((worker) => worker.event('ready')))
    const ids = await Promise.all(Array.from({ length: runs }, () => stack.runPlan(plan)))
    const lookUntil = <T>(what: string, probe: (triggers: readonly (readonly number[])[]) => T | undefined) =>
      until(
        what,
        async () => {
          await pause(lookEveryMs)
          const triggers = await look()
          return probe(ids.map((id) => triggers.get(id) ?? []))
        },
        longMs,
      )
    await lookUntil('all are at it', (all) => all.every(({ length }) => length > 4) || undefined)
    await pause(Math.random() * stepMs)
    const killedAtMs = Date.now()
    await stack.kill(victim)
    if (!values.second) await stack.start(victim)
    const upAfterMs = Date.now() - killedAtMs
    const late = await lookUntil('all go on', (all) => {
      const known = all.flatMap((at) => latenessOf(at, killedAtMs) ?? [])
      return known.length === runs ? known : undefined
    })
    process.stdout.write(`  up again after ${values.second ? '-' : `${upAfterMs} ms`}\n`)
    if (values.history) {
      const latest = ids[late.indexOf(Math.max(...late))]
      if (latest) await printHistory(stack, latest, (await look()).get(latest) ?? [], killedAtMs)
      for (const worker of others) process.stdout.write(worker.stderr())
      process.stdout.write(stack.stderr('worker'))
    }
    return late.map((ms) => Math.max(0, ms))
  } finally {
    await Promise.all(others.map((worker) => worker.kill()))
    await stack.kill('worker')
    await stack.stop()
  }
}

const how = values.second ? 'stays dead beside a second worker' : 'is started again'
process.stdout.write(`${runs} chains of sleeps of ${stepMs} ms; the ${victim} is killed and ${how}\n`)
const instant = values.instant ? await startInstantServer() : undefined
for (let kill = 1; kill <= kills; kill += 1) {
  const late = await measure(instant)
  const shown = [quantile(late, 0.5), Math.max(...late)].map((ms) => (ms / 1000).toFixed(2))
  process.stdout.write(
    `kill ${kill}: the next trigger late by ${shown[0]} s median, ${shown[1]} s at most; load ${loadAverage().toFixed(1)}\n`,
  )
}
await instant?.stop()
