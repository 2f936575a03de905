import { Client, Connection } from '@temporalio/client'
import { workerEnvironment } from 'jobwright/worker'
import type { nightly } from './workflows.ts'

const { temporal, namespace } = await workerEnvironment()
const connection = await Connection.connect(temporal)
const client = new Client({ connection, namespace })
const workflowId = `nightly-${new Date().toISOString().slice(0, 19).replaceAll(':', '')}`
const handle = await client.workflow.start<typeof nightly>('nightly', {
  taskQueue: 'own-workflow',
  workflowId,
  args: [['pump', 'valve', 'rack']],
})
console.log(`started ${workflowId}`)
console.log(JSON.stringify(await handle.result()))
await connection.close()
