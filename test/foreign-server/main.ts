import { appendFileSync } from 'node:fs'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { parseArgs } from 'node:util'
import type { Habits } from './habits.ts'
import { type ForeignServer, startForeignServer } from './server.ts'
import type { PlantedRun } from './state.ts'
import type { EndStatus } from './types.ts'

/**
 * The foreign server as a process of its own, which stays while others are killed:
 *
 *     node test/foreign-server/main.ts [--port N] [--log FILE] [--token TEXT] [--options JSON]
 *
 * Every entry of its logs is appended to FILE as a line of JSON before the answer goes out. It ends with its parent.
 */

const { values } = parseArgs({
  options: {
    port: { type: 'string', default: '0' },
    log: { type: 'string' },
    token: { type: 'string' },
    options: { type: 'string', default: '{}' },
  },
})

const { log: file } = values
const server = await startForeignServer({
  ...(JSON.parse(values.options) as object),
  port: Number(values.port),
  ...(values.token !== undefined && { token: values.token }),
  ...(file !== undefined && { onEntry: (entry) => appendFileSync(file, `${JSON.stringify(entry)}\n`) }),
})

/** What a test may tell the process, as the body of a POST to its control address. */
interface Command {
  habits?: Partial<Habits>
  addRun?: PlantedRun & { jobId: string }
  endRun?: { uuid: string; status: EndStatus; outputs?: unknown[] }
}

function obey(told: ForeignServer, { habits, addRun, endRun }: Command): object {
  Object.assign(told.habits, habits)
  if (endRun) told.endRun(endRun.uuid, endRun.status, endRun.outputs)
  const added = addRun && told.addRun(addRun.jobId, addRun)
  return { habits: told.habits, ...(added && { uuid: added.uuid }) }
}

const control = createServer(async (request, response) => {
  let text = ''
  for await (const chunk of request) text += chunk
  try {
    response.end(JSON.stringify(obey(server, JSON.parse(text) as Command)))
  } catch (error) {
    response.writeHead(400).end(String(error))
  }
})
await new Promise<void>((resolve) => control.listen(0, '127.0.0.1', resolve))
const { port } = control.address() as AddressInfo

console.log(
  JSON.stringify({
    event: 'listening',
    url: server.url,
    token: server.token,
    control: `http://127.0.0.1:${port}/`,
  }),
)
process.on('disconnect', () => process.exit(0))
process.on('SIGTERM', () => process.exit(0))
