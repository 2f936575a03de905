import { createHash } from 'node:crypto'
import { connect } from 'node:net'
import { text as readAll } from 'node:stream/consumers'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { documentSchema, limits, metagraphSchema } from '../../../src/contract/index.ts'
import { type Person, startApi, type TestApi } from './api.ts'

let api: TestApi
let me: Person
beforeAll(async () => {
  api = await startApi()
  me = await api.person()
})
afterAll(() => api.close())

/** A request line as given: fetch would resolve its dot segments. */
async function rawRequest(method: string, target: string): Promise<string> {
  const { hostname, port } = new URL(api.url)
  const socket = connect(Number(port), hostname)
  socket.end(
    `${method} ${target} HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer ${me.token}\r\nContent-Length: 0\r\nConnection: close\r\n\r\n`,
  )
  return readAll(socket)
}

describe('documents', () => {
  it('come back byte for byte, as a download', async () => {
    const content = new Uint8Array(Array.from({ length: 70_000 }, (_, index) => (index * 7) % 256))
    const put = await me.send('PUT', '/documents/PDU/specs/power%20rail.bin', {
      body: content,
      headers: { 'Content-Type': 'application/x-test' },
    })
    expect(put.status).toBe(200)
    expect(documentSchema.strict().parse(put.json)).toMatchObject({
      collection: 'PDU',
      path: 'specs/power rail.bin',
      media_type: 'application/x-test',
      size_bytes: content.length,
      sha256: createHash('sha256').update(content).digest('hex'),
    })
    const response = await fetch(`${api.url}/api/v1/documents/PDU/specs/power%20rail.bin`, {
      headers: { Authorization: `Bearer ${me.token}` },
    })
    expect(new Uint8Array(await response.arrayBuffer())).toEqual(content)
    expect(Object.fromEntries(response.headers)).toMatchObject({
      'content-type': 'application/x-test',
      'content-disposition': 'attachment; filename="power rail.bin"',
      'x-content-type-options': 'nosniff',
    })
  })

  it.each([
    ['100%25.md', '100%.md'],
    ['a%2Fb.md', 'a/b.md'],
    ['%25252e', '%252e'],
    ['%E6%96%87/%C3%BC.md', '文/ü.md'],
    ['q%3Fx%23y.md', 'q?x#y.md'],
    ['a+b.md', 'a+b.md'],
    ['a%2Bb%20c.md', 'a+b c.md'],
  ])('at %s are stored as %s', async (target, path) => {
    const someone = await api.person()
    expect((await someone.send('PUT', `/documents/c/${target}`, { body: path })).json).toMatchObject({ path })
    expect((await someone.get(`/documents/c/${target}`)).text).toBe(path)
    expect((await someone.get('/documents/c')).json.items).toMatchObject([{ path }])
  })

  it('are listed by path, replaced and deleted', async () => {
    const someone = await api.person()
    for (const path of ['b.md', 'a/z.md', 'a/b.md'])
      await someone.send('PUT', `/documents/c/${path}`, { body: 'x' })
    await someone.send('PUT', '/documents/c/b.md', { body: 'longer' })
    const { items, count } = (await someone.get('/documents/c')).json
    expect(items.map((item: { path: string }) => item.path)).toEqual(['a/b.md', 'a/z.md', 'b.md'])
    expect([count, items[2].size_bytes]).toEqual([3, 6])
    expect((await someone.send('DELETE', '/documents/c/b.md')).json).toEqual({
      message: 'Document c/b.md deleted',
    })
    expect((await someone.send('DELETE', '/documents/c/b.md')).json).toMatchObject({
      status: 404,
      code: 'unknown_document',
    })
    expect((await someone.get('/documents/c/b.md')).status).toBe(404)
    expect((await someone.get('/documents/none')).json).toEqual({ items: [], count: 0, next_cursor: null })
  })

  it.each([
    '/../x',
    '/a/../../jobs',
    '/%2e%2e/x',
    '/a/%2E./x',
    '/a%2F..%2Fb',
    '/a/./b',
    '/a%5C..%5Cb',
    '/a%00b',
    '/a%zz',
    '/a%ff',
  ])('at %s are refused before anything is resolved', async (path) => {
    const answer = await rawRequest('PUT', `/api/v1/documents/c${path}`)
    expect(answer).toMatch(/^HTTP\/1.1 422 /)
    expect(answer).toContain('"pointer":"{path}"')
  })

  it.each([
    '/documents/c//x',
    '/documents/c/a//b',
    '/documents/c/a%5Cb',
    '/documents/c/%2Fetc%2Fpasswd',
    '/documents/%20c/x',
    '/documents/a%2Fb/x',
    `/documents/c/${'x'.repeat(1025)}`,
    '/documents/c/a%0Ab',
  ])('at %s are refused', async (target) => {
    const { status, json } = await me.send('PUT', target, { body: 'x' })
    expect([status, json.code]).toEqual([422, 'validation_failed'])
    expect(json.errors[0].pointer).toMatch(/^\{(path|collection)\}$/)
  })

  it('may be 16 MiB, and not a byte more', async () => {
    const largest = new Uint8Array(limits.documentBytes)
    expect((await me.send('PUT', '/documents/big/a', { body: largest })).json).toMatchObject({
      size_bytes: limits.documentBytes,
    })
    const more = await me.send('PUT', '/documents/big/b', { body: new Uint8Array(limits.documentBytes + 1) })
    expect([more.status, more.json.code]).toEqual([413, 'body_too_large'])
    // PGlite takes its time over so much.
  }, 180_000)

  it('keep no Content-Type that is none', async () => {
    const { status, json } = await me.send('PUT', '/documents/c/x', {
      body: 'x',
      headers: { 'Content-Type': 'nonsense' },
    })
    expect([status, json.errors[0].pointer]).toEqual([422, 'Content-Type'])
  })
})

describe('metagraphs', () => {
  const source = { document: 'a.md', line: 1 }
  const entity = (id: string) => ({ id, kind: 'COMPONENT', name: id, description: '', source })
  const graph = (system: string, ...ids: string[]) => ({
    system,
    entities: ids.map(entity),
    relationships: [],
  })

  it('are written under the condition of their ETag', async () => {
    const someone = await api.person()
    expect((await someone.get('/metagraphs/PDU')).json).toMatchObject({
      status: 404,
      code: 'unknown_metagraph',
    })
    expect(
      (await someone.send('PUT', '/metagraphs/PDU', { body: graph('PDU'), headers: { 'If-Match': '*' } }))
        .status,
    ).toBe(412)
    const first = await someone.send('PUT', '/metagraphs/PDU', {
      body: graph('PDU', 'a'),
      headers: { 'If-None-Match': '*' },
    })
    expect(first.status).toBe(200)
    const etag = first.headers.get('ETag') ?? ''
    expect(etag).toMatch(/^"[^"]+"$/)
    const read = await someone.get('/metagraphs/PDU')
    expect([metagraphSchema.strict().parse(read.json), read.headers.get('ETag')]).toEqual([
      graph('PDU', 'a'),
      etag,
    ])

    expect(
      (
        await someone.send('PUT', '/metagraphs/PDU', {
          body: graph('PDU'),
          headers: { 'If-None-Match': '*' },
        })
      ).status,
    ).toBe(412)
    const second = await someone.send('PUT', '/metagraphs/PDU', {
      body: graph('PDU', 'b'),
      headers: { 'If-Match': etag },
    })
    expect(second.status).toBe(200)
    const lost = await someone.send('PUT', '/metagraphs/PDU', {
      body: graph('PDU', 'c'),
      headers: { 'If-Match': etag },
    })
    expect([lost.status, lost.json.code, lost.headers.get('ETag')]).toEqual([
      412,
      'precondition_failed',
      second.headers.get('ETag'),
    ])
    for (const ifMatch of ['*', `"other", ${second.headers.get('ETag')}`]) {
      const current = (await someone.get('/metagraphs/PDU')).headers.get('ETag') ?? ''
      const ok = await someone.send('PUT', '/metagraphs/PDU', {
        body: graph('PDU', 'd'),
        headers: { 'If-Match': ifMatch === '*' ? '*' : `"other", ${current}` },
      })
      expect(ok.status).toBe(200)
    }
    expect(
      (
        await someone.send('PUT', '/metagraphs/PDU', {
          body: graph('PDU'),
          headers: { 'If-Match': `W/${second.headers.get('ETag')}` },
        })
      ).status,
    ).toBe(412)
    expect((await someone.send('PUT', '/metagraphs/PDU', { body: graph('PDU', 'e') })).status).toBe(200)
    expect(
      (await someone.send('PUT', '/metagraphs/PDU', { body: graph('PDU'), headers: { 'If-Match': 'bare' } }))
        .status,
    ).toBe(422)
  })

  it('written by a run are written once, however often it tries', async () => {
    const someone = await api.person()
    const run = await someone.run()
    const handler = api.handlerOf(run.uuid)
    const before =
      (await someone.send('PUT', '/metagraphs/PDU', { body: graph('PDU') })).headers.get('ETag') ?? ''
    const first = await handler.send('PUT', '/metagraphs/PDU', {
      body: graph('PDU', 'a'),
      headers: { 'If-Match': before },
    })
    const again = await handler.send('PUT', '/metagraphs/PDU', {
      body: graph('PDU', 'a', 'b'),
      headers: { 'If-Match': before },
    })
    expect([first.status, again.status]).toEqual([200, 200])
    expect([again.headers.get('ETag'), again.json]).toEqual([first.headers.get('ETag'), first.json])
    expect((await someone.get('/metagraphs/PDU')).json.entities).toHaveLength(1)
  })

  it('may be of a system with a slash in its name', async () => {
    expect(
      (await me.send('PUT', '/metagraphs/AC%2FDC%20Converter', { body: graph('AC/DC Converter') })).status,
    ).toBe(200)
    expect((await me.get('/metagraphs/AC%2FDC%20Converter')).json.system).toBe('AC/DC Converter')
  })

  it('hold together', async () => {
    const body = {
      ...graph('other', 'a', 'a'),
      relationships: [{ type: 'contains', from: 'a', to: 'gone', source }],
    }
    const { status, json } = await me.send('PUT', '/metagraphs/PDU', { body })
    expect(status).toBe(422)
    expect(json.errors.map((error: { pointer: string }) => error.pointer)).toEqual([
      '/system',
      '/entities/1/id',
      '/relationships/0/to',
    ])
  })
})
