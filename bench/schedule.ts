import { loadConfig } from '../src/config.ts'
import { connectWith } from '../src/connect/connect.ts'
import { installationNames, workflowTypes } from '../src/contract/names.ts'
import { definePipeline } from '../src/pipeline/index.ts'
import { startTestStack } from '../test/helpers/stack.ts'
import { until } from '../test/helpers/until.ts'
import { median, quantile } from './statistics.ts'

/** What a tick costs in Temporal, and how late its run is, on a whole stack of its own: `node bench/schedule.ts [TICKS]`. */
const ticks = Number(process.argv[2] ?? 60)
const nap = definePipeline({ name: 'nap', schedule: { every: '1s', overlap: 'allow' } }, ({ step }) => {
  step('nap', { jobType: 'sleep', config: { duration: '1ms' } })
  return {}
})

const stack = await startTestStack()
try {
  await using jobwright = await connectWith(loadConfig({ ...stack.env, PATH: '' }))
  const { schedules } = jobwright
  await schedules.apply({ pipeline: nap })
  const rows = await until(
    `${ticks} ticks`,
    async () => {
      const found = await schedules.ledger('nap')
      return found.length >= ticks && found
    },
    ticks * 2_000,
  )
  const { workspace } = await schedules.show('nap')
  const id = installationNames().scheduleId(workspace ?? undefined, 'nap')
  const { historyLength } = await stack.client.workflow.getHandle(id).describe()
  const run = await stack.client.workflow.getHandle(rows[0]?.run ?? '').describe()
  let wakes = 0
  for await (const wake of stack.client.workflow.list({
    query: `WorkflowType = '${workflowTypes.scheduleTick}'`,
  }))
    wakes = Math.max(wakes, wake.historyLength)
  await schedules.delete('nap')
  const lateMs = rows.map(({ due_at, decided_at }) => Date.parse(decided_at) - Date.parse(due_at))
  console.log(`ticks: ${rows.length}, fired: ${rows.filter(({ outcome }) => outcome === 'fired').length}`)
  console.log(`events of the keeper for each: ${(historyLength / rows.length).toFixed(1)}`)
  console.log(`events of what wakes it: ${wakes}`)
  console.log(`events of a run of one step: ${run.historyLength}`)
  console.log(
    `decided: median ${Math.round(median(lateMs))} ms, p90 ${Math.round(quantile(lateMs, 0.9))} ms after it was due`,
  )
} finally {
  await stack.stop()
}
