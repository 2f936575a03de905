// biome-ignore-all lint/suspicious/noTemplateCurlyInString: the marks of our own templates
import { setTimeout as delay } from 'node:timers/promises'
import { parseArgs } from 'node:util'
import { compilePipeline } from '../../src/pipeline/index.ts'
import { ownRunId } from '../../src/schedule/ids.ts'
import { ticksBetween } from '../../src/schedule/times/index.ts'
import { SchedulesClient } from '../../src/schedules/index.ts'
import { patientQueryMs, startTestStack } from '../helpers/stack.ts'

/**
 * `node test/faults/backfill.ts [--dates 1000] [--every 10] [--minutes 10] [--max-active 10]`: a backfill of so many days, while Temporal,
 * the server and the worker are all killed every so many seconds. Then every day has to have one run, completed, that was told its day, one
 * job run, and one row in the ledger. Progress is on stderr, the summary on stdout. Ends with 1 when one is lost or doubled.
 */
const { values } = parseArgs({
  options: {
    dates: { type: 'string', default: '1000' },
    every: { type: 'string', default: '10' },
    minutes: { type: 'string', default: '10' },
    'max-active': { type: 'string', default: '10' },
  },
})
const say = (line: string) => process.stderr.write(`${line}\n`)
const dayMs = 86_400_000
const dates = Number(values.dates)
const untilMs = Math.floor(Date.now() / dayMs) * dayMs
const fromMs = untilMs - dates * dayMs

const { plan } = compilePipeline(
  `
name: daily
steps: { work: { job_type: sleep, config: { duration: 100ms } } }
outputs: { day: '\${{ pipeline.scheduled_for }}' }
`,
  { file: 'daily.yaml' },
)
if (!plan) throw new Error('the pipeline is wrong')

const spec = {
  cron: '30 2 * * *',
  timezone: 'Europe/Berlin',
  dst: { gap: 'next', fold: 'first' },
  jitterMs: 0,
  untilMs: null,
} as const

const stack = await startTestStack()
const owner = { workspace: 'default', email: 'dev@localhost' }
const schedules = new SchedulesClient(stack.client, {
  owner,
  timing: { stepHeartbeatMs: 2_000, queryTimeoutMs: patientQueryMs },
})
let isOver = false
let kills = 0
try {
  await schedules.apply({
    pipeline: plan,
    schedule: { name: 'daily', spec, overlap: 'skip', catchUp: { windowMs: 1, keep: 'none' }, inputs: {} },
  })
  const startedAtMs = Date.now()
  const maxActive = Number(values['max-active'])
  const { id, ticks } = await schedules.backfill('daily', {
    from: new Date(fromMs),
    until: new Date(untilMs),
    maxActive,
  })
  say(`${id}: ${ticks} dates`)
  const killing = killAgainAndAgain(startedAtMs + Number(values.minutes) * 60_000)
  for await (const { status, counts } of schedules.watchBackfill(id))
    say(
      `${Math.round((Date.now() - startedAtMs) / 1000)} s, ${kills} kills: ${status} ${JSON.stringify(counts)}`,
    )
  isOver = true
  await killing
  const view = await schedules.showBackfill(id)
  const found = await judge()
  const seconds = Math.round((Date.now() - startedAtMs) / 1000)
  const summary = { ticks, kills, seconds, status: view.status, counts: view.counts, ...found }
  process.stdout.write(`${JSON.stringify(summary, null, 2)}\n`)
  const isWrong = found.lost.length + found.doubled.length + found.amiss.length > 0
  process.exitCode = isWrong || found.jobRuns !== found.due || found.ledgerRows !== found.due ? 1 : 0
} finally {
  isOver = true
  await stack.stop()
}

/** Everything at once; what is left of the backfill after the time is let run. */
async function killAgainAndAgain(untilMs: number): Promise<void> {
  while (!isOver && Date.now() < untilMs) {
    await delay(Number(values.every) * 1000)
    if (isOver) return
    await stack.kill('temporal', 'server', 'worker')
    kills += 1
    await stack.start('temporal', 'server', 'worker')
  }
}

async function judge() {
  const lost: string[] = []
  const doubled: string[] = []
  const amiss: string[] = []
  // Of a time that comes twice, the second does not run.
  const all = ticksBetween(spec, 'daily', fromMs, untilMs).filter(({ isDropped }) => !isDropped)
  for (const { nominalMs } of all) {
    const day = new Date(nominalMs).toISOString()
    const runId = ownRunId({ name: 'daily', workspace: 'default' }, nominalMs)
    const run = await stack.pipelines.show(runId).catch(() => undefined)
    if (!run) lost.push(day)
    else if (run.status !== 'completed' || run.outputs['day'] !== day) amiss.push(`${day} ${run.status}`)
    if (await stack.pipelines.show(`${runId}-r2`).catch(() => undefined)) doubled.push(day)
  }
  const rows = await schedules.ledger('daily', { from: new Date(fromMs), until: new Date(untilMs) })
  const backfilled = rows.filter(({ outcome, run }) => outcome === 'backfilled' && run !== null)
  let jobRuns = 0
  for (let cursor: string | undefined; ; ) {
    const page = await stack.api.listJobRuns({ limit: 200, ...(cursor === undefined ? {} : { cursor }) })
    jobRuns += page.items.length
    if (!page.next_cursor) break
    cursor = page.next_cursor
  }
  return { due: all.length, lost, doubled, amiss, jobRuns, ledgerRows: backfilled.length }
}
