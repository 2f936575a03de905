import { quietTemporal, startTestWorker } from './test-worker.ts'

/** A worker in a process of its own, for tests that kill it: `worker-process.ts ADDRESS QUEUE BASE_URL`. */
const [address = '', taskQueue = '', baseUrl = ''] = process.argv.slice(2)
quietTemporal()
const worker = await startTestWorker({ address, taskQueue, baseUrl })
process.stdout.write(`${JSON.stringify({ event: 'ready' })}\n`)
process.once('SIGTERM', () => void worker.shutdown().then(() => process.exit(0)))
