import { once } from 'node:events'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { expect, test } from 'vitest'
import { JobsClient } from '../../src/client/index.ts'
import { createReferenceSources } from '../../src/executor/reference-sources.ts'
import { createRedactor } from '../../src/references/index.ts'

test('a large output may take longer to arrive than an ordinary answer', async () => {
  const server = createServer((_, response) => {
    response.writeHead(200, { 'Content-Type': 'application/json' }).write('[1,')
    setTimeout(() => response.end('2]'), 400)
  }).listen(0, '127.0.0.1')
  await once(server, 'listening')
  const { port } = server.address() as AddressInfo
  try {
    const sources = createReferenceSources({
      secrets: {},
      api: new JobsClient({ baseUrl: `http://127.0.0.1:${port}/api/v1`, token: 't', timeoutMs: 100 }),
      redactor: createRedactor(),
      warn: () => undefined,
      until: AbortSignal.timeout(2_000),
    })
    expect(await sources.output('d4e5f6a7-b8c9-0123-defa-234567890123', 'large')).toEqual([1, 2])
  } finally {
    server.closeAllConnections()
    server.close()
  }
})
