import { readFile } from 'node:fs/promises'
import path from 'node:path'
import { DefaultLogger, NativeConnection, Runtime, Worker } from '@temporalio/worker'
import { jobwrightActivities } from '../../../src/public/worker.ts'
import { ownTaskQueue } from '../worlds.ts'

/** A worker of a user's own, with the connections of `faults.config.ts`. */
const { env } = process
const url = env['JOBS_API_URL'] ?? ''
const readToken = () =>
  readFile(path.join(env['JOBWRIGHT_DATA_DIR'] ?? '', 'token'), 'utf8').catch(
    () => env['JOBS_API_TOKEN'] ?? '',
  )

Runtime.install({ logger: new DefaultLogger('ERROR'), shutdownSignals: ['SIGTERM'] })
const connection = await NativeConnection.connect({ address: env['TEMPORAL_ADDRESS'] ?? '' })
const jobs = jobwrightActivities({
  connections: {
    default: { url, token: readToken, requestsPerSecond: 50 },
    bounded: { url, token: readToken, requestsPerSecond: 50, bounds: { delivery: '1s', listing: '500ms' } },
  },
  requestTimeoutMs: Number(env['JOBWRIGHT_REQUEST_TIMEOUT_MS']),
})
const worker = await Worker.create({
  connection,
  taskQueue: ownTaskQueue,
  workflowBundle: { codePath: env['OWN_WORKFLOWS'] ?? '' },
  activities: { ...jobs },
  stickyQueueScheduleToStartTimeout: '1s',
})
process.once('disconnect', () => worker.shutdown())
const running = worker.run()
process.stdout.write('{"event":"ready"}\n')
await running
await jobs.close()
process.exit(0)
