import { once } from 'node:events'
import { type AddressInfo, createServer } from 'node:net'
import { expect, test } from 'vitest'
import { lazyTemporalClient } from '../../src/temporal/index.ts'
import { until } from '../helpers/until.ts'

test('a call that waits to be tried again ends with its connection, and not the process', async () => {
  let tries = 0
  const server = createServer((socket) => {
    tries += 1
    socket.destroy()
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  const { port } = server.address() as AddressInfo
  const { connection } = lazyTemporalClient({ address: `127.0.0.1:${port}`, namespace: 'default' })
  const uncaught = Promise.withResolvers<string>()
  const note = (error: unknown) => uncaught.resolve(`of nobody: ${String(error)}`)
  process.on('uncaughtException', note)
  try {
    const answer = connection.workflowService.getClusterInfo({}).then(
      () => 'answered',
      (error: Error) => error.message,
    )
    await until('it is tried again', () => tries > 1)
    await connection.close()
    expect(await Promise.race([answer, uncaught.promise])).toMatch(
      /^1 CANCELLED: .*Channel has been shut down/,
    )
  } finally {
    process.off('uncaughtException', note)
    server.close()
  }
})
