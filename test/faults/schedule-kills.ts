import { setTimeout as sleep } from 'node:timers/promises'
import { scheduleMessages as messages } from '../../src/contract/names.ts'
import type { TickRow } from '../../src/contract/schedules/view.ts'
import { compilePipeline } from '../../src/pipeline/index.ts'
import { expand, type LedgerEntry } from '../../src/schedule/plan/index.ts'
import { seededRandom } from '../../src/testing/seeded.ts'
import { applySchedule, keeperId, ledgerEntries, scheduleOf, tellKeeper } from '../helpers/schedules.ts'
import { type Part, startTestStack, type TestStack } from '../helpers/stack.ts'
import { until } from '../helpers/until.ts'

const name = 'killed'
const parts: readonly Part[] = ['temporal', 'server', 'worker']

/** From when to when the schedule was surely so: its edit was done, and the next one not yet asked for. */
interface Era {
  everyMs: number
  isPaused: boolean
  fromMs: number
  untilMs: number
}

export interface TickedUnderKills {
  rows: TickRow[]
  entries: LedgerEntry[]
  /** Of every run that Temporal has of the schedule: the nominal time. */
  runs: { id: string; nominalMs: number; startedMs: number }[]
  eras: Era[]
  kills: Record<string, number>
  edits: Record<string, number>
}

/**
 * A schedule of every two seconds while the real processes are killed, one or more at a time. With `isEdited` it is paused, resumed,
 * applied again and edited between the kills.
 */
export async function tickUnderKills(
  { kills, seed, isEdited }: { kills: number; seed: string; isEdited: boolean },
  tell: (line: string) => void = () => undefined,
): Promise<TickedUnderKills> {
  const random = seededRandom(seed)
  const stack = await startTestStack()
  const { plan } = compilePipeline(
    'name: killed\nsteps: { s: { job_type: sleep, config: { duration: 1ms } } }',
    { file: 'killed.yaml' },
  )
  if (!plan) throw new Error('the pipeline has a plan')
  const counts: TickedUnderKills['kills'] = {}
  const edits: TickedUnderKills['edits'] = {}
  const eras: Era[] = []
  let now = { everyMs: 2_000, isPaused: false, fromMs: 0 }
  const id = keeperId({ workspace: 'default', name })
  const definition = (everyMs: number, n: number) =>
    scheduleOf(plan, name, everyMs, { workspace: 'default', owner: 'dev@localhost', inputs: { n } })
  const apply = (everyMs: number, n: number) =>
    again(() => applySchedule(stack.client, 'jobwright', definition(everyMs, n), { maxHistoryEvents: 200 }))
  const change = async (kind: string, next: Partial<Era>, work: () => Promise<unknown>) => {
    const untilMs = Date.now()
    await work()
    eras.push({ ...now, untilMs })
    now = { ...now, ...next, fromMs: Date.now() }
    edits[kind] = (edits[kind] ?? 0) + 1
  }
  const resume = () =>
    change('resume', { isPaused: false }, () => again(() => tellKeeper(stack.client, id, messages.resume)))
  const edit = (n: number) => {
    const kind = Math.floor(random() * 4)
    if (kind === 0) return change('apply', {}, () => apply(now.everyMs, 0))
    if (kind === 1) {
      const everyMs = now.everyMs === 2_000 ? 3_000 : 2_000
      return change('edit', { everyMs }, () => apply(everyMs, n))
    }
    if (kind === 2 && !now.isPaused)
      return change('pause', { isPaused: true }, () =>
        again(() => tellKeeper(stack.client, id, messages.pause, {})),
      )
    return resume()
  }
  try {
    await apply(2_000, 0)
    now.fromMs = Date.now()
    for (let n = 1; n <= kills; n += 1) {
      const victims = parts.filter(() => random() < 0.5)
      const [victim] = victims.length > 0 ? victims : [parts[Math.floor(random() * 3)] as Part]
      const killed = victims.length > 0 ? victims : [victim as Part]
      // Anywhere between two ticks, and for some of them.
      await sleep(random() * 2_000)
      await stack.kill(...killed)
      await sleep(random() * 5_000)
      await stack.start(...killed)
      counts[killed.join('+')] = (counts[killed.join('+')] ?? 0) + 1
      if (isEdited) await edit(n)
      if (!now.isPaused) await firesAgain(stack, id)
      tell(`${n} kills: ${killed.join(', ')}`)
    }
    if (now.isPaused) {
      await resume()
      await firesAgain(stack, id)
    }
    await change('delete', {}, () => again(() => tellKeeper(stack.client, id, messages.delete)))
    const entries = await again(() => ledgerEntries(stack.client, id))
    const rows = expand(name, entries)
    const fired = new Set(rows.flatMap(({ run }) => run ?? []))
    const runs = await until('every run to be listed', async () => {
      const found = await runsOf(stack)
      return found.length >= fired.size && found
    })
    return { rows, entries, runs, eras, kills: counts, edits }
  } finally {
    await stack.stop()
  }
}

/** Temporal may be away for a moment more. */
const again = <T>(work: () => Promise<T>): Promise<T> =>
  until('an answer', async () => ({ value: await work() })).then(({ value }) => value)

async function firesAgain(stack: TestStack, id: string): Promise<void> {
  const sinceMs = Date.now()
  await until('the next tick', async () => {
    const rows = expand(name, await ledgerEntries(stack.client, id))
    return rows.some(({ outcome, nominal_at }) => outcome === 'fired' && Date.parse(nominal_at) > sinceMs)
  })
}

async function runsOf({ client }: TestStack): Promise<TickedUnderKills['runs']> {
  const runs: TickedUnderKills['runs'] = []
  const query = `WorkflowType = 'runPipeline' AND JobwrightSchedule = '${name}'`
  for await (const { workflowId, memo, startTime } of client.workflow.list({ query }))
    runs.push({
      id: workflowId,
      nominalMs: Number(memo?.['scheduledForMs']),
      startedMs: startTime.getTime(),
    })
  return runs
}

/** What a user would leave for. */
export function breachesOfTicks({ rows, entries, runs, eras }: TickedUnderKills): string[] {
  const found: string[] = []
  const fired = rows.filter(({ outcome }) => outcome === 'fired')
  const times = runs.map(({ nominalMs }) => nominalMs)
  for (const nominalMs of times.filter((at, index) => times.indexOf(at) !== index))
    found.push(`two runs for ${new Date(nominalMs).toISOString()}`)
  for (const { id } of runs) if (!fired.some(({ run }) => run === id)) found.push(`run ${id} is of no tick`)
  for (const { run } of fired)
    if (!runs.some(({ id }) => id === run)) found.push(`run ${run} of a tick is not there`)
  const decided = entries.flatMap(({ nominalMs, outcome }) => (outcome === 'buffered' ? [] : nominalMs))
  for (const at of decided.filter((one, index) => decided.indexOf(one) !== index))
    found.push(`${new Date(at).toISOString()} was decided twice`)
  for (const era of eras) {
    const { everyMs, isPaused, fromMs, untilMs } = era
    const within = (at: number) => at > fromMs && at <= untilMs
    const own = rows.map(({ nominal_at }) => Date.parse(nominal_at)).filter(within)
    const wanted: number[] = []
    for (let at = Math.ceil(fromMs / everyMs) * everyMs; at <= untilMs; at += everyMs)
      if (within(at)) wanted.push(at)
    if (own.join() !== wanted.join())
      found.push(`rows of ${JSON.stringify(era)}: ${own.join()}, and not ${wanted.join()}`)
    if (isPaused)
      for (const { id } of runs.filter(({ startedMs }) => within(startedMs)))
        found.push(`run ${id} was started while it was paused`)
  }
  return found
}
