import { createServer, type RequestListener, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { text } from 'node:stream/consumers'
import { afterEach, expect, test } from 'vitest'
import { allowedTargets, postWebhook, type WebhookRequest } from '../../src/webhooks/index.ts'
import { until } from '../helpers/until.ts'

const servers: Server[] = []
afterEach(async () => {
  for (const server of servers.splice(0)) {
    server.closeAllConnections()
    await new Promise((resolve) => server.close(resolve))
  }
})

async function receiver(listener: RequestListener): Promise<number> {
  const server = createServer(listener)
  servers.push(server)
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  return (server.address() as AddressInfo).port
}

const post = (url: string, entries: string[] = [], more: Partial<WebhookRequest> = {}) =>
  postWebhook({
    url,
    headers: { 'x-test': 'yes' },
    body: '{"a":"é"}',
    allowed: allowedTargets(entries),
    timeoutMs: 5_000,
    ...more,
  })

const answering =
  (...addresses: string[]) =>
  async () =>
    addresses.map((address) => ({ address, family: address.includes(':') ? 6 : 4 }))

test('goes to the address that was looked at, under the name that was written', async () => {
  const got: unknown[] = []
  const port = await receiver(async (request, response) => {
    got.push([
      request.method,
      request.url,
      request.headers.host,
      request.headers['x-test'],
      await text(request),
    ])
    response.writeHead(202).end('thanks')
  })
  let asked = 0
  const resolve = async () => {
    asked += 1
    // A name that says something else when it is asked again.
    return answering(asked === 1 ? '127.0.0.1' : '10.0.0.1')()
  }
  expect(await post(`http://hooks.test:${port}/a?b=c`, [`127.0.0.1:${port}`], { resolve })).toEqual({
    status: 202,
  })
  expect(got).toEqual([['POST', '/a?b=c', `hooks.test:${port}`, 'yes', '{"a":"é"}']])
  expect(asked).toBe(1)
})

test.each([
  ['a private address', '10.0.0.7'],
  ['this machine', '127.0.0.1'],
  ['a mapped address', '::ffff:192.168.0.1'],
  ['a metadata service, translated', '64:ff9b::a9fe:a9fe'],
])('is not sent where DNS answers %s', async (_, address) => {
  const sent = post('https://hooks.test/canary', [], { resolve: answering(address) })
  await expect(sent).rejects.toMatchObject({ code: 'private_receiver', fault: 'refused' })
  await expect(sent).rejects.not.toThrow(/canary|hooks\.test/)
})

test('takes of several addresses only what is allowed', async () => {
  const port = await receiver((_, response) => response.writeHead(204).end())
  const url = `http://hooks.test:${port}/`
  const allowed = [`127.0.0.1:${port}`]
  expect(await post(url, allowed, { resolve: answering('10.0.0.1', '127.0.0.1') })).toEqual({ status: 204 })
  await expect(post(url, allowed, { resolve: answering('10.0.0.1', '::1') })).rejects.toMatchObject({
    code: 'private_receiver',
  })
})

test('follows no redirect', async () => {
  const paths: (string | undefined)[] = []
  const port = await receiver((request, response) => {
    paths.push(request.url)
    response.writeHead(307, { location: 'http://169.254.169.254/latest/' }).end()
  })
  expect(await post(`http://127.0.0.1:${port}/a`, ['127.0.0.1'])).toEqual({ status: 307 })
  expect(paths).toEqual(['/a'])
})

test('tells what the receiver asks for, and reads no more of an endless answer', async () => {
  const port = await receiver((_, response) => {
    response.writeHead(503, { 'retry-after': '7' })
    const more = () => {
      while (!response.destroyed && response.write('x'.repeat(10_000)));
    }
    response.on('drain', more)
    more()
  })
  expect(await post(`http://127.0.0.1:${port}/`, ['127.0.0.1'])).toEqual({ status: 503, retryAfterMs: 7_000 })
  const [server] = servers
  const open = () => new Promise<number>((resolve) => server?.getConnections((_, count) => resolve(count)))
  await until('the connection is closed', async () => (await open()) === 0)
})

test('ends with its time, and with whoever asked for it; neither says where it went', async () => {
  const port = await receiver(() => undefined)
  const silent = post(`http://127.0.0.1:${port}/canary`, ['127.0.0.1'], { timeoutMs: 50 })
  await expect(silent).rejects.toMatchObject({ code: 'receiver_timeout', fault: 'unreachable' })
  const lost = post('http://hooks.test/', [], { timeoutMs: 50, resolve: () => new Promise<never>(() => {}) })
  await expect(lost).rejects.toMatchObject({ code: 'receiver_timeout' })
  const stop = new AbortController()
  const stopped = post(`http://127.0.0.1:${port}/`, ['127.0.0.1'], { signal: stop.signal })
  stop.abort(new Error('enough'))
  await expect(stopped).rejects.toThrow('enough')
  const [server] = servers.splice(0)
  server?.closeAllConnections()
  await new Promise((resolve) => server?.close(resolve))
  const dead = post(`http://127.0.0.1:${port}/canary`, ['127.0.0.1'])
  await expect(dead).rejects.toMatchObject({
    code: 'receiver_unreachable',
    message: 'the receiver cannot be reached: ECONNREFUSED',
  })
  const unknown = post('http://canary.invalid/')
  await expect(unknown).rejects.toMatchObject({
    code: 'receiver_unreachable',
    message: expect.stringMatching(/: (ENOTFOUND|EAI_AGAIN)$/) as string,
  })
})
