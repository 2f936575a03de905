import { fileURLToPath } from 'node:url'
import { DefaultLogger, NativeConnection, Runtime, Worker } from '@temporalio/worker'
import { jobwrightActivities } from '../../src/public/worker.ts'

/** A worker as users write one; told by its environment. */
const { TEMPORAL_ADDRESS: address = '', JOBS_API_URL: url = '', JOBS_API_TOKEN: token = '' } = process.env

Runtime.install({ logger: new DefaultLogger('WARN'), shutdownSignals: ['SIGTERM'] })
const connection = await NativeConnection.connect({ address })
const jobs = jobwrightActivities({ connections: { default: { url, token, requestsPerSecond: 50 } } })
const worker = await Worker.create({
  connection,
  taskQueue: 'own',
  workflowsPath: fileURLToPath(new URL('./user-workflows.ts', import.meta.url)),
  activities: { ...jobs },
  stickyQueueScheduleToStartTimeout: '1s',
})
process.once('disconnect', () => worker.shutdown())
const running = worker.run()
process.stdout.write('{"event":"ready"}\n')
await running
await jobs.close()
await connection.close()
process.exit(0)
