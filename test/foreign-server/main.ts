import { appendFileSync } from 'node:fs'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { parseArgs } from 'node:util'
import { type Command, obey } from './command.ts'
import { startForeignServer } from './server.ts'

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
