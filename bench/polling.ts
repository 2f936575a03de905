import { type ChildProcess, fork } from 'node:child_process'
import { randomUUID } from 'node:crypto'
import { once } from 'node:events'
import path from 'node:path'
import { setTimeout as pause } from 'node:timers/promises'
import { parseArgs } from 'node:util'
import { setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'
import { JobsClient } from '../src/client/index.ts'
import { systemClock } from '../src/polling/clock.ts'
import { createPoller, type Poller } from '../src/polling/index.ts'
import { describeMachine, residentMiB } from './machine.ts'
import { quantile } from './statistics.ts'

/**
 * `node bench/polling.ts [--seconds N]`: what waiting on a server without a change feed costs. Requests a run and how late its
 * end is found, at 100 and 1,000 runs of 10 s in flight; CPU and memory with 10,000 held. Prints the figures.
 */
const durationMs = 10_000

interface Started {
  uuid: string
  createdAt: string
  endsAtMs: number
}

interface Server {
  process: ChildProcess
  url: string
  start(count: number, ms: number): Promise<Started[]>
  requests(): Promise<{ list: number; get: number }>
}

async function startServer(): Promise<Server> {
  const child = fork(path.join(import.meta.dirname, 'polling-server.ts'))
  const [port] = (await once(child, 'message')) as [number]
  const url = `http://127.0.0.1:${port}`
  const json = async (where: string, body?: object) => {
    const init = body === undefined ? {} : { method: 'POST', body: JSON.stringify(body) }
    return (await fetch(`${url}${where}`, init)).json()
  }
  return {
    process: child,
    url: `${url}/api/v1`,
    start: (count, ms) => json('/start', { count, duration_ms: ms }) as Promise<Started[]>,
    requests: () => json('/requests') as Promise<{ list: number; get: number }>,
  }
}

/** So many in flight: one that was found to have ended is followed by the next. */
async function inFlight(count: number, seconds: number): Promise<string> {
  const server = await startServer()
  const endsAtMs = new Map<string, number>()
  const lateMs: number[] = []
  let isMeasured = false
  let runs = 0
  const poller: Poller = createPoller({
    api: new JobsClient({ baseUrl: server.url, token: 'bench' }),
    onWarning: (warning) => console.error(warning),
    async deliver(id) {
      const late = Date.now() - (endsAtMs.get(id) ?? 0)
      endsAtMs.delete(id)
      if (isMeasured) lateMs.push(late)
      runs += 1
      void begin(1)
      return 'delivered'
    },
  })
  const begin = async (many: number) => {
    for (const run of await server.start(many, durationMs)) {
      endsAtMs.set(run.uuid, run.endsAtMs)
      poller.add({ id: run.uuid, jobRunId: run.uuid, createdAt: run.createdAt })
    }
  }
  const steps = Math.min(count, 200)
  for (let step = 0; step < steps; step += 1) {
    await begin(count / steps)
    await pause(durationMs / steps)
  }
  // The first generation ends in step with how it was begun.
  await pause(2 * durationMs)
  isMeasured = true
  const before = { ...(await server.requests()), runs, cpu: process.cpuUsage(), at: performance.now() }
  await pause(seconds * 1000)
  isMeasured = false
  const after = await server.requests()
  const cpu = process.cpuUsage(before.cpu)
  const wallMs = performance.now() - before.at
  const [lists, gets] = [after.list - before.list, after.get - before.get]
  const done = runs - before.runs
  await poller.stop()
  server.process.disconnect()
  const cpuMs = (cpu.user + cpu.system) / 1000
  return [
    `${count} in flight, ${durationMs / 1000} s each, ${done} ended in ${(wallMs / 1000).toFixed(0)} s`,
    `  requests: ${((lists + gets) / (wallMs / 1000)).toFixed(2)}/s (${lists} lists, ${gets} gets), ${((lists + gets) / done).toFixed(3)} a run`,
    `  end found after: p50 ${quantile(lateMs, 0.5).toFixed(0)} ms, p99 ${quantile(lateMs, 0.99).toFixed(0)} ms, at most ${Math.max(...lateMs)} ms`,
    `  CPU: ${(cpuMs / done).toFixed(2)} ms a run, starting them included; ${((cpuMs / wallMs) * 100).toFixed(1)} % of a core`,
  ].join('\n')
}

function heapInUse(): number {
  setFlagsFromString('--expose-gc')
  const collect = runInNewContext('gc') as () => void
  for (let round = 0; round < 3; round += 1) collect()
  return process.memoryUsage().heapUsed
}

/** On a server that never answers, so that nothing else comes and goes. */
function bytesAWait(count: number): string {
  const never = () => new Promise<never>(() => {})
  const made = Array.from({ length: count }, () => {
    const jobRunId = randomUUID()
    return { id: `${jobRunId}/1`, jobRunId, createdAt: '2026-04-13T10:11:00.000000' }
  })
  // As of an answer: texts that are put together shrink when they are first read, and would count for less than nothing.
  const waits = JSON.parse(JSON.stringify(made)) as typeof made
  const poller = createPoller({
    api: { getJobRun: never, listJobRuns: never },
    deliver: never,
    onWarning: () => {},
  })
  const before = heapInUse()
  for (const wait of waits) poller.add(wait)
  const bytes = (heapInUse() - before) / count
  // Both are still needed here, so neither is collected before.
  if (poller.size() !== waits.length) throw new Error('not all of them wait')
  void poller.stop()
  return bytes.toFixed(0)
}

/** Runs that go on for ever; the clock is put forward, so that they have been waited for that long. */
async function held(count: number, seconds: number): Promise<string> {
  const server = await startServer()
  const started = await server.start(count, 365 * 86_400_000)
  let aheadMs = 0
  const clock = { ...systemClock, now: () => systemClock.now() + aheadMs }
  const api = new JobsClient({ baseUrl: server.url, token: 'bench' })
  const onWarning = (warning: object) => console.error(warning)
  const poller = createPoller({ api, onWarning, deliver: async () => 'delivered' }, clock)
  const waits = started.map(({ uuid, createdAt }) => ({ id: `${uuid}/1`, jobRunId: uuid, createdAt }))
  for (const wait of waits) poller.add(wait)
  const measure = async (what: string) => {
    const before = { ...(await server.requests()), cpu: process.cpuUsage(), at: performance.now() }
    await pause(seconds * 1000)
    const after = await server.requests()
    const cpu = process.cpuUsage(before.cpu)
    const share = (cpu.user + cpu.system) / 10 / (performance.now() - before.at)
    return `  ${what}: ${share.toFixed(2)} % of a core, ${after.list - before.list} lists and ${after.get - before.get} gets in ${seconds} s`
  }
  const young = await measure('just added')
  aheadMs = 3_600_000
  await pause(1_000)
  const old = await measure('after an hour')
  await poller.stop()
  server.process.disconnect()
  return [
    `${count} held`,
    young,
    old,
    `  memory: ${bytesAWait(count)} bytes a wait, without the caller's own; resident ${residentMiB(process.pid).toFixed(0)} MiB in all`,
  ].join('\n')
}

const { values } = parseArgs({ options: { seconds: { type: 'string', default: '40' } } })
const seconds = Number(values.seconds)
if (!(seconds > 0)) throw new Error('usage: node bench/polling.ts [--seconds N]')
console.log(describeMachine())
console.log(await inFlight(100, seconds))
console.log(await inFlight(1_000, seconds))
console.log(await held(10_000, Math.max(60, seconds)))
