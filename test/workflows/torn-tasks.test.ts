import { setTimeout as delay } from 'node:timers/promises'
import { Context } from '@temporalio/activity'
import { Worker } from '@temporalio/worker'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { signalNames } from '../../src/contract/names.ts'
import { historiesOf, workflowTasksOf } from '../helpers/chain.ts'
import { type LateWire, startLateWire } from '../helpers/late-wire.ts'
import { untilOver } from '../helpers/over.ts'
import { until } from '../helpers/until.ts'
import { workflowBundle } from '../helpers/workflow-bundle.ts'
import { openRun, planFrom, recordOf, type Scripted, startScripted } from './scripted.ts'

/** A workflow task that reaches its worker late runs out of time while local activities are under way. */

let on: Scripted
let wire: LateWire
beforeAll(async () => {
  on = await startScripted(async (address) => {
    wire = await startLateWire(address)
    return wire
  })
})
afterAll(() => on?.stop())

const plan = planFrom('name: p\nsteps: { s: { job_type: x } }')
const tasksOf = async (id: string) => {
  const [history] = await historiesOf(on.stack.client, id)
  const begun = history?.events?.filter((event) => event.workflowTaskStartedEventAttributes) ?? []
  return { ...workflowTasksOf(history ?? {}), begun: begun.length }
}

it.each(['signal', 'cancel'] as const)(
  'a %s that comes beside it is heard when it is on a replay',
  async (kind) => {
    on.api.cancel = async (input) => recordOf(input, 'cancelled')
    on.api.quickly = async () => ({
      phase: 'terminal',
      record: recordOf({ step: 's', item: null, generation: 1 }),
    })
    await on.run(plan)
    let triggers = 0
    on.api.quickly = async (input) => {
      const handle = on.stack.client.workflow.getHandle(
        Context.current().info.workflowExecution?.workflowId ?? '',
      )
      triggers += 1
      if (triggers > 1) return { phase: 'terminal', record: recordOf(input) }
      if (kind === 'signal') await handle.signal(signalNames.jobRunsEnded, [recordOf(input)])
      else await handle.cancel()
      await until(
        'the next workflow task has begun',
        async () => (await tasksOf(handle.workflowId)).begun > 1,
      )
      // Until it has come, too.
      await delay(100)
      return openRun(input)
    }
    on.api.trigger = async (input) => ({ phase: 'terminal', record: recordOf(input) })
    wire.hold()
    const id = `late-${kind}`
    await on.pipelines().start(plan, {}, { id })
    await until('its workflow task has begun', async () => (await tasksOf(id)).begun === 1)
    // Three quarters of its time: with what is left the trigger takes longer than it has.
    await delay(1_500)
    wire.letGo()
    const view = await untilOver(on.pipelines(), id)
    expect(['completed', 'cancelled']).toContain(view.status)
    expect((await tasksOf(id)).timedOut).toBeGreaterThan(0)
    for (const history of await historiesOf(on.stack.client, id))
      await Worker.runReplayHistory({ workflowBundle: { codePath: await workflowBundle() } }, history, id)
  },
)
