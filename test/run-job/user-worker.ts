import { DefaultLogger, NativeConnection, Runtime, Worker } from '@temporalio/worker'
import { jobwrightActivities } from '../../src/public/worker.ts'

/** A worker as users write one; told by its environment. */
const {
  TEMPORAL_ADDRESS: address = '',
  JOBS_API_URL = '',
  JOBS_API_TOKEN = '',
  FOREIGN_URL = '',
} = process.env
const { WORKFLOWS = '', CACHED } = process.env
const foreign = { url: FOREIGN_URL, token: 'foreign-token-0123456789', requestsPerSecond: 50 }

Runtime.install({ logger: new DefaultLogger('ERROR'), shutdownSignals: ['SIGTERM'] })
const connection = await NativeConnection.connect({ address })
const jobs = jobwrightActivities({
  connections: {
    default: { url: JOBS_API_URL, token: JOBS_API_TOKEN, requestsPerSecond: 50 },
    foreign,
    bounded: { ...foreign, bounds: { delivery: '1s', listing: '500ms' } },
  },
  secrets: { TOKEN: 'a-secret-of-the-user' },
})
const worker = await Worker.create({
  connection,
  taskQueue: 'own',
  workflowBundle: { codePath: WORKFLOWS },
  activities: { ...jobs },
  stickyQueueScheduleToStartTimeout: '1s',
  ...(CACHED === undefined ? {} : { maxCachedWorkflows: Number(CACHED) }),
})
process.once('disconnect', () => worker.shutdown())
const running = worker.run()
process.stdout.write('{"event":"ready"}\n')
await running
await jobs.close()
await connection.close()
process.exit(0)
