import path from 'node:path'
import type { Client } from '@temporalio/client'
import { connectTemporal } from '../../src/temporal/index.ts'
import { historiesOf, workflowTasksOf } from '../../test/helpers/chain.ts'
import { startProcess } from '../../test/helpers/processes.ts'
import type { InstantServer } from '../instant-server.ts'
import { type RunOne, runAll } from '../load.ts'
import type { Arm } from './arm.ts'

const program = path.join(import.meta.dirname, '..', 'hand-written', 'worker.ts')

/** Workflows of one or of three activities a step, on a Temporal server that is there. A worker of its own, so that none is warmer than another. */
export async function startHandWritten(
  activities: 1 | 3,
  temporal: { address: string; pid: number },
  jobsApi: InstantServer,
): Promise<Arm> {
  const workflow = activities === 1 ? 'runInOne' : 'runInThree'
  const worker = startProcess(process.execPath, [program, temporal.address, jobsApi.url, workflow], {})
  await worker.event('ready')
  const client: Client = await connectTemporal({ address: temporal.address, namespace: 'default' })
  let serial = 0
  const runOne: RunOne = async (durations, shape) => {
    serial += 1
    const workflowId = `${workflow}-${serial}`
    await client.workflow.execute(workflow, { taskQueue: workflow, workflowId, args: [durations, shape] })
    return workflowId
  }
  return {
    name: `temporal${activities}`,
    title: `hand-written, ${activities} ${activities === 1 ? 'activity' : 'activities'} a step`,
    processes: [
      { label: 'worker', pid: worker.child.pid ?? 0, counts: 'alone' },
      { label: 'Temporal', pid: temporal.pid, counts: 'tree' },
    ],
    run: (load) => runAll(load, runOne),
    async counts(load) {
      jobsApi.requests()
      const { ids } = await runAll(load, runOne)
      const requests = jobsApi.requests()
      let [events, workflowTasks] = [0, 0]
      for (const id of ids)
        for (const history of await historiesOf(client, id)) {
          events += history.events?.length ?? 0
          workflowTasks += workflowTasksOf(history).completed
        }
      return { events, workflowTasks, requests }
    },
    async stop() {
      await client.connection.close()
      await worker.stop()
    },
  }
}
