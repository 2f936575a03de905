import { setTimeout as delay } from 'node:timers/promises'
import type { PipelineRunView } from '../../src/pipelines/index.ts'
import { untilOver } from '../helpers/over.ts'
import { until } from '../helpers/until.ts'
import { compiled } from './pipelines.ts'
import type { ForeignWorld } from './worlds.ts'

export interface Outage {
  view: PipelineRunView
  /** Requests that were tried while nothing answered. */
  during: number
  /** Looks from then on, until all ends were found. */
  after: number
  /** How long that took. */
  foundMs: number
}

/** Many runs are waited for; the server cannot be reached for a while, in which all of them end. */
export async function outage(
  { stack, proxy, foreign }: ForeignWorld,
  { waits, ms }: { waits: number; ms: number },
): Promise<Outage> {
  const items = JSON.stringify(Array.from({ length: waits }, (_, index) => index))
  const plan = compiled(
    `name: outage\nsteps: { many: { for_each: ${items}, max_parallel: ${waits}, job_type: work, config: { manual: true } } }`,
  )
  const { id } = await stack.pipelines.start(plan, {})
  const own = () => [...foreign.runs.values()].filter(({ config }) => config['manual'] === true)
  await until('all wait', async () => {
    if (own().length < waits) return false
    const { raw } = await stack.client.workflow.getHandle(id).describe()
    const pending = raw.pendingActivities?.filter(({ activityId }) => activityId?.includes('/wait')) ?? []
    return pending.length === waits
  })
  const before = proxy.log.length
  proxy.setScript({ rules: [{ fault: { kind: 'drop_request' } }] })
  await delay(ms / 2)
  for (const { uuid } of own()) foreign.endRun(uuid, 'completed')
  await delay(ms / 2)
  const tried = proxy.log.length
  proxy.setScript({ rules: [] })
  const overAtMs = Date.now()
  const view = await untilOver(stack.pipelines, id)
  const foundMs = Date.now() - overAtMs
  return { view, during: tried - before, after: proxy.log.length - tried, foundMs }
}
