import { describe, expect, test } from 'vitest'
import { discoverCapabilities, JobsClient } from '../../src/client/index.ts'
import { allCapabilities } from '../helpers/capabilities.ts'
import { json, type Script, startFaultServer, text } from './fault-server.ts'

const page = text(200, '<html>Welcome</html>', { 'content-type': 'text/html' })
const cut = text(200, JSON.stringify(allCapabilities).slice(0, 80), { 'content-type': 'application/json' })
const ours = json(200, allCapabilities)
const types = json(200, [])

/** What `/capabilities` answers, in turn (the last one goes on), and what `/jobs/schemas` does. */
function serverOf(capabilities: readonly Script[], schemas: Script) {
  let asked = 0
  return startFaultServer((response, request, nth) => {
    if (request.url.endsWith('/jobs/schemas')) return schemas(response, request, nth)
    const script = capabilities[Math.min(asked++, capabilities.length - 1)]
    return script?.(response, request, nth)
  })
}

async function ask(capabilities: readonly Script[], schemas: Script = types) {
  await using server = await serverOf(capabilities, schemas)
  const api = new JobsClient({ baseUrl: server.baseUrl, token: 'secret' })
  const found = await discoverCapabilities(api)
  return { found, asked: server.requests.map(({ url }) => url.replace('/api/v1', '')) }
}

describe('What a server offers', () => {
  test('is what it says, asked once', async () => {
    expect(await ask([ours])).toEqual({ found: allCapabilities, asked: ['/capabilities'] })
  })

  test.each<[string, Script]>([
    ['404', json(404, { detail: 'Not Found' })],
    ['405', text(405, '')],
    ['403', json(403, { detail: 'Forbidden' })],
    ['410', text(410, 'gone')],
    ['400', json(400, { error: 'no such path' })],
    ['a page for every path', page],
    ['a redirect to a login', text(302, '', { location: 'https://login.example/' })],
    ['nothing', text(204, '')],
    ['other JSON', json(200, { status: 'ok', version: '3.1' })],
    ['a list', json(200, [])],
    ['null', json(200, null)],
    ['fields of other meaning', json(200, { idempotency_keys: 'yes', whoami: true })],
  ])('is nothing when it answers %s, and is a Jobs API', async (_what, script) => {
    expect(await ask([script])).toEqual({
      found: undefined,
      asked: ['/capabilities', '/jobs/schemas', '/capabilities'],
    })
  })

  test.each<[string, Script[], Script, object]>([
    ['an outage', [text(503, '')], types, { status: 503 }],
    [
      'an outage in words of ours',
      [json(503, { code: 'unexpected_response' })],
      types,
      { code: 'unexpected_response' },
    ],
    ['a failure', [text(500, '')], types, { status: 500 }],
    ['a refused token', [text(401, '')], types, { status: 401 }],
    ['too many requests', [text(429, '', { 'retry-after': '3' })], types, { retryAfterMs: 3000 }],
    ['a lost answer', [(response) => void response.destroy()], types, { code: 'connection_lost' }],
    ['an answer that was cut', [cut], types, { code: 'malformed_response' }],
    ['a page for every path, types included', [page], page, { code: 'unexpected_response' }],
    ['a 404 for every path, types included', [text(404, '')], text(404, ''), { status: 404 }],
    ['a 404, and an outage of the types', [text(404, '')], text(502, ''), { status: 502 }],
    ['a 404, then an outage', [text(404, ''), text(503, '')], types, { status: 503 }],
  ])('is not known after %s', async (_what, capabilities, schemas, expected) => {
    const work = ask(capabilities, schemas)
    await expect(work).rejects.toMatchObject(expected)
    await expect(work).rejects.toMatchObject({
      kind: 'status' in expected && expected.status === 401 ? 'rejected' : 'ambiguous',
    })
  })

  test.each<[string, Script]>([
    ['404', text(404, 'default backend - 404')],
    ['a page', page],
  ])('is what it says once a proxy has stopped to answer %s for it', async (_what, script) => {
    expect((await ask([script, ours])).found).toEqual(allCapabilities)
  })
})
