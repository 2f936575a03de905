import { setTimeout as pause } from 'node:timers/promises'
import { parseArgs } from 'node:util'
import type { PipelinePlan } from '../src/pipeline/plan/index.ts'
import { PipelinesClient } from '../src/pipelines/index.ts'
import { type CountedTemporal, connectCounted } from '../test/helpers/counted-temporal.ts'
import { planOf, planStep } from '../test/helpers/plans.ts'
import { until } from '../test/helpers/until.ts'
import { openRun, recordOf, type Scripted, startScripted } from '../test/workflows/scripted.ts'
import { describeMachine } from './machine.ts'

/**
 * `node bench/watching.ts [--seconds N] [--viewers N] [--polls N]`: how many calls a second watching costs Temporal, from one process. So many
 * viewers of one run, and as many runs with a viewer each; while nothing happens, and while steps follow each other.
 */
const { values } = parseArgs({
  options: {
    seconds: { type: 'string', default: '30' },
    viewers: { type: 'string', default: '200' },
    polls: { type: 'string', default: '80' },
  },
})
const [seconds, viewers, historyPolls] = [values.seconds, values.viewers, values.polls].map(Number) as [
  number,
  number,
  number,
]
const steps = 100

const chain = (): PipelinePlan =>
  planOf(
    Array.from({ length: steps }, (_, index) =>
      planStep(`s${index}`, { needs: index === 0 ? [] : [`s${index - 1}`] }),
    ),
  )

interface Seen {
  viewer: number
  views: number
}

async function measure(
  on: Scripted,
  name: string,
  runs: number,
  viewersOfEach: number,
  stepMs: number,
): Promise<void> {
  on.api.trigger = async (input) => openRun(input)
  on.api.wait = async (jobRunId) => {
    if (stepMs === Number.POSITIVE_INFINITY) await over
    else await pause(stepMs)
    const step = /^run-(.*)-0-1$/.exec(jobRunId)?.[1] ?? ''
    return recordOf({ step, item: null, generation: 1 })
  }
  const ended = Promise.withResolvers<void>()
  const over = ended.promise
  const temporal: CountedTemporal = await connectCounted(on.stack.temporalAddress)
  const pipelines = new PipelinesClient(temporal.client, { taskQueue: 'scripted', historyPolls })
  const ids: string[] = []
  for (let run = 0; run < runs; run += 1) {
    ids.push((await pipelines.start(chain(), {})).id)
    if (stepMs !== Number.POSITIVE_INFINITY) await pause(stepMs / runs)
  }
  const watching = new AbortController()
  const seen: Seen[] = []
  const all = ids.flatMap((id) =>
    Array.from({ length: viewersOfEach }, async (_, viewer) => {
      const mine = { viewer, views: 0 }
      seen.push(mine)
      for await (const _view of pipelines.watch(id, { signal: watching.signal })) mine.views += 1
    }),
  )
  await until('everybody sees something', () => seen.every(({ views }) => views > 0))
  await pause(stepMs === Number.POSITIVE_INFINITY ? 25_000 : 3_000)
  const before = new Map(temporal.calls)
  const viewsBefore = seen.reduce((sum, { views }) => sum + views, 0)
  const at = performance.now()
  const cpu = process.cpuUsage()
  await pause(seconds * 1000)
  const { user, system } = process.cpuUsage(cpu)
  const wall = (performance.now() - at) / 1000
  const rates = [...temporal.calls]
    .map(([method, count]) => [method, (count - (before.get(method) ?? 0)) / wall] as const)
    .filter(([, rate]) => rate > 0)
  const sum = rates.reduce((total, [, rate]) => total + rate, 0)
  const asked = performance.now()
  await pipelines.show(ids[0] ?? '')
  const showMs = performance.now() - asked
  const views = (seen.reduce((total, each) => total + each.views, 0) - viewsBefore) / wall
  console.log(
    [
      `${name}: ${sum.toFixed(1)} calls/s (${rates.map(([method, rate]) => `${method} ${rate.toFixed(1)}`).join(', ')})`,
      `  ${views.toFixed(1)} views/s seen; CPU of this process, the worker included: ${(((user + system) / 1e6 / wall) * 100).toFixed(0)} % of a core; \`show\` took ${showMs.toFixed(0)} ms`,
    ].join('\n'),
  )
  watching.abort()
  await Promise.allSettled(all)
  ended.resolve()
  await Promise.all(
    ids.map((id) =>
      on.stack.client.workflow
        .getHandle(id)
        .terminate()
        .catch(() => undefined),
    ),
  )
  await temporal.close()
}

console.log(describeMachine())
const on = await startScripted()
try {
  const idle = Number.POSITIVE_INFINITY
  await measure(on, `${viewers} viewers of one run, idle`, 1, viewers, idle)
  await measure(on, `${viewers} viewers of one run, a step a second`, 1, viewers, 1_000)
  await measure(on, `${viewers} runs with a viewer each, idle`, viewers, 1, idle)
  await measure(on, `${viewers} runs with a viewer each, a step every ten seconds`, viewers, 1, 10_000)
} finally {
  await on.stop()
}
