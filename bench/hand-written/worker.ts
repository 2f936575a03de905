import { fileURLToPath } from 'node:url'
import { DefaultLogger, NativeConnection, Runtime, Worker } from '@temporalio/worker'
import { createHandWrittenActivities } from './activities.ts'

/** `node bench/hand-written/worker.ts TEMPORAL_ADDRESS JOBS_API_URL TASK_QUEUE [TOKEN JOB_TYPE]` */
const [address = '', url = '', taskQueue = '', token, jobType] = process.argv.slice(2)
Runtime.install({ logger: new DefaultLogger('WARN') })
const connection = await NativeConnection.connect({ address })
const worker = await Worker.create({
  connection,
  taskQueue,
  workflowsPath: fileURLToPath(new URL('./workflows.ts', import.meta.url)),
  activities: createHandWrittenActivities(url, {
    ...(token === undefined ? {} : { token }),
    ...(jobType === undefined ? {} : { jobType }),
  }),
  // A wait takes a slot here.
  maxConcurrentActivityTaskExecutions: 2_000,
})
const running = worker.run()
process.stdout.write(`${JSON.stringify({ event: 'ready' })}\n`)
await running
