import { fileURLToPath } from 'node:url'
import { NativeConnection, Worker } from '@temporalio/worker'
import { jobwrightActivities, workerEnvironment } from 'jobwright/worker'

const { temporal, namespace, connections } = await workerEnvironment()
const connection = await NativeConnection.connect(temporal)
const jobs = jobwrightActivities({ connections })
const worker = await Worker.create({
  connection,
  namespace,
  taskQueue: 'own-workflow',
  workflowsPath: fileURLToPath(new URL('./workflows.ts', import.meta.url)),
  activities: { ...jobs },
})
console.log('the worker runs; end it with Ctrl-C')
await worker.run()
await jobs.close()
await connection.close()
