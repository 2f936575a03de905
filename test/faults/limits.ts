import { parseArgs } from 'node:util'
import type { JobsClient } from '../../src/client/index.ts'
import { seededRandom } from '../../src/testing/seeded.ts'
import { planOf, planStep } from '../helpers/plans.ts'
import { startTestStack } from '../helpers/stack.ts'
import { until } from '../helpers/until.ts'

/*
 * Limits across runs on a real stack, while workers are killed and runs terminated and cancelled: the server's job runs say how many
 * were at work at once, and in the end nobody waits and nobody has a place. `node test/faults/limits.ts --minutes 10 --seed 7`
 */

const { values } = parseArgs({
  options: { minutes: { type: 'string', default: '5' }, seed: { type: 'string' } },
})
const firstSeed = Number(values.seed ?? Math.floor(Math.random() * 1e6))
const endMs = Date.now() + Number(values.minutes) * 60_000
const runsOfRound = 16

const stack = await startTestStack()

/** One half of the runs has places as runs, the other one by their steps. */
function planWith(key: string, limit: number, pick: (below: number) => number) {
  const concurrency = { key: { kind: 'literal', value: key }, limit, whenFull: 'queue' } as const
  const config = { kind: 'literal', value: { duration: `${100 + pick(900)}ms` } } as const
  const priority = 1 + pick(5)
  return pick(2) === 0
    ? planOf([planStep('work', { config })], { name: key, concurrency, priority })
    : planOf([planStep('work', { config, concurrency, priority })], { name: key })
}

async function round(seed: number): Promise<void> {
  const random = seededRandom(seed)
  const pick = (below: number) => Math.floor(random() * below)
  const key = `limited-${seed}`
  const limit = 1 + pick(3)
  const startedMs = Date.now()
  const ids: string[] = []
  const counts = { kills: 0, terminated: 0, cancelled: 0 }
  for (let count = 0; count < runsOfRound; count += 1) {
    ids.push(await stack.runPlan(planWith(key, limit, pick)))
    const victim = ids[pick(ids.length)] ?? ''
    const handle = stack.client.workflow.getHandle(victim)
    switch (pick(6)) {
      case 0:
        counts.kills += 1
        await stack.kill('worker')
        await stack.start('worker')
        break
      case 1:
        counts.terminated += 1
        await handle.terminate('by a fault').catch(() => undefined)
        break
      case 2:
        counts.cancelled += 1
        await handle.cancel().catch(() => undefined)
        break
      default:
    }
  }
  await until(
    `seed ${seed}: all runs are over`,
    async () => {
      const all = await Promise.all(ids.map((id) => stack.client.workflow.getHandle(id).describe()))
      return all.every(({ status }) => status.name !== 'RUNNING')
    },
    180_000,
  )
  await until(
    `seed ${seed}: nothing is at work`,
    async () => (await jobRunsSince(startedMs)).every(isOver),
    180_000,
  )
  const most = mostAtOnce(await jobRunsSince(startedMs))
  console.log(JSON.stringify({ seed, limit, most, ...counts, tookMs: Date.now() - startedMs }))
  if (most > limit) throw new Error(`seed ${seed}: ${most} job runs at once, where the limit is ${limit}`)
}

type JobRun = Awaited<ReturnType<JobsClient['listJobRuns']>>['items'][number]

async function jobRunsSince(startedMs: number): Promise<JobRun[]> {
  const found: JobRun[] = []
  let cursor: string | null | undefined
  do {
    const page = await stack.api.listJobRuns({ limit: 100, ...(cursor ? { cursor } : {}) })
    found.push(...page.items.filter((run) => Date.parse(run.created_at) >= startedMs))
    cursor = page.items.length === 0 ? null : page.next_cursor
  } while (cursor)
  return found
}

const isOver = ({ finished_at: finished }: JobRun) => typeof finished === 'string'

function mostAtOnce(runs: readonly JobRun[]): number {
  const times = runs.flatMap(({ created_at: from, finished_at: to }) => [
    { at: Date.parse(from), by: 1 },
    { at: Date.parse(to ?? ''), by: -1 },
  ])
  let now = 0
  let most = 0
  for (const { by } of times.toSorted((a, b) => a.at - b.at || a.by - b.by)) {
    now += by
    most = Math.max(most, now)
  }
  return most
}

try {
  for (let seed = firstSeed; Date.now() < endMs; seed += 1) await round(seed)
} finally {
  await stack.stop()
}
