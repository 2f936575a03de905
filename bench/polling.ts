import { parseArgs } from 'node:util'
import { JobsClient } from '../src/client/index.ts'
import { createPoller } from '../src/polling/index.ts'
import { startProcess } from '../test/helpers/processes.ts'

/**
 * `node bench/polling.ts [--seconds N]`: what waiting on a server without a change feed costs, per job run: requests, how late ends
 * are noticed, CPU. The server is `bench/polling-server.ts`, a process of its own, whose runs take about 10 s; then 10,000 that do not end.
 */
const { values } = parseArgs({ options: { seconds: { type: 'string', default: '40' } } })
const seconds = Number(values.seconds)

const server = startProcess(process.execPath, ['bench/polling-server.ts'], {})
const { url } = (await server.event('listening')) as { url: string }
const api = new JobsClient({ baseUrl: url, token: 'bench' })
const control = (path: string) => fetch(new URL(path, url)).then((answer) => answer.json())

function percentile(sorted: readonly number[], share: number): number {
  return sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))] ?? Number.NaN
}

/** So many in flight at any time: each end is followed by another run. */
async function inFlight(amount: number): Promise<void> {
  await control('/reset')
  const lateness: number[] = []
  const cpu = process.cpuUsage()
  const startedMs = performance.now()
  const isOver = () => performance.now() - startedMs > seconds * 1000
  let serial = 0
  const poller = createPoller({
    api,
    requestsPerSecond: 5,
    listingMs: 60_000,
    async deliver(_, end) {
      if (end.kind !== 'ended') throw new Error(end.message)
      lateness.push(Date.now() - Date.parse(end.run.updated_at))
      if (!isOver()) add(8_000 + Math.random() * 4_000)
      return 'delivered'
    },
    onWarning: (warning) => console.error(warning),
  })
  const add = (durationMs: number) => {
    const id = `${serial++}`
    void control(`/start?ms=${Math.round(durationMs)}`).then((run) => {
      const { uuid, created_at } = run as { uuid: string; created_at: string }
      poller.add({ id, jobRunId: uuid, createdAt: created_at })
    })
  }
  for (let index = 0; index < amount; index += 1) add(Math.random() * 10_000)
  await new Promise((resolve) => setTimeout(resolve, seconds * 1000))
  const { requests } = (await control('/requests')) as { requests: number }
  const spent = process.cpuUsage(cpu)
  await poller.stop()
  const sorted = lateness.toSorted((a, b) => a - b)
  console.log(
    `${amount} in flight: ${sorted.length} ended, ${(requests / sorted.length).toFixed(2)} requests a run, ${(requests / seconds).toFixed(1)} a second; ` +
      `noticed after p50 ${percentile(sorted, 0.5)} ms, p99 ${percentile(sorted, 0.99)} ms; ` +
      `CPU ${((spent.user + spent.system) / 1000 / sorted.length).toFixed(1)} ms a run (with starting them)`,
  )
}

async function held(amount: number): Promise<void> {
  await control('/reset')
  const runs = (await control(`/fill?amount=${amount}`)) as { uuid: string; created_at: string }[]
  globalThis.gc?.()
  const before = process.memoryUsage().heapUsed
  const poller = createPoller({
    api,
    requestsPerSecond: 5,
    listingMs: 60_000,
    deliver: async () => 'delivered',
    onWarning: (warning) => console.error(warning),
  })
  for (const { uuid, created_at } of runs) poller.add({ id: uuid, jobRunId: uuid, createdAt: created_at })
  await new Promise((resolve) => setTimeout(resolve, 30_000))
  await control('/requests')
  const cpu = process.cpuUsage()
  await new Promise((resolve) => setTimeout(resolve, seconds * 1000))
  const { requests } = (await control('/requests')) as { requests: number }
  const spent = process.cpuUsage(cpu)
  globalThis.gc?.()
  const bytes = (process.memoryUsage().heapUsed - before) / amount
  console.log(
    `${amount} held for ${30 + seconds} s: ${(requests / seconds).toFixed(2)} requests a second, ` +
      `${((spent.user + spent.system) / 1e6 / seconds).toFixed(3)} cores, ${Math.round(bytes)} bytes a wait`,
  )
  await poller.stop()
}

await inFlight(100)
await inFlight(1_000)
await held(10_000)
await server.stop()
