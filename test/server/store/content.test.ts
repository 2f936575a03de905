import { createHash, randomUUIDv7 } from 'node:crypto'
import { expect, test } from 'vitest'
import type { Metagraph } from '../../../src/contract/index.ts'
import { all, newCaller, onEveryBackend, triggerRun } from './backends.ts'

const bytes = (text: string) => new TextEncoder().encode(text)

function graphOf(system: string, name: string): Metagraph {
  const source = { document: 'a.md', line: 1 }
  return {
    system,
    entities: [{ id: 'e1', kind: 'COMPONENT', name, description: '', source }],
    relationships: [],
  }
}

onEveryBackend('documents', (backend) => {
  test('are kept byte for byte, listed by path, replaced and deleted', async () => {
    const { store } = backend()
    const caller = newCaller()
    const put = (path: string, content: Uint8Array) =>
      store.documents.put(caller, { collection: 'pdu', path, mediaType: 'text/markdown', content })
    const entry = await put('b/é.md', bytes('# one'))
    expect(entry).toEqual({
      collection: 'pdu',
      path: 'b/é.md',
      media_type: 'text/markdown',
      size_bytes: 5,
      sha256: createHash('sha256').update('# one').digest('hex'),
      updated_at: expect.stringMatching(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{6}$/),
    })
    const raw = Uint8Array.from({ length: 1024 * 1024 }, (_, index) => (index * 7) % 256)
    await put('a.bin', raw)
    await put('Z.md', bytes(''))
    expect((await all(store.documents.list(caller, 'pdu'))).map(({ path }) => path)).toEqual([
      'Z.md',
      'a.bin',
      'b/é.md',
    ])
    expect(Buffer.compare((await store.documents.get(caller, 'pdu', 'a.bin'))!.content, raw)).toBe(0)
    const replaced = await put('b/é.md', bytes('# two!'))
    expect(replaced).toMatchObject({ size_bytes: 6 })
    expect((await store.documents.get(caller, 'pdu', 'b/é.md'))?.entry).toEqual(replaced)
    expect(await store.documents.delete(caller, 'pdu', 'b/é.md')).toBe(true)
    expect(await store.documents.delete(caller, 'pdu', 'b/é.md')).toBe(false)
    expect(await store.documents.get(caller, 'pdu', 'b/é.md')).toBeUndefined()
    expect(await all(store.documents.list(caller, 'other'))).toEqual([])
    const many = Array.from({ length: 130 }, (_, index) => `${index % 2 ? 'Ä' : 'z'}/${1000 + index}.md`)
    for (const path of many)
      await store.documents.put(caller, {
        collection: 'many',
        path,
        mediaType: 'text/plain',
        content: bytes(''),
      })
    expect((await all(store.documents.list(caller, 'many'))).map(({ path }) => path)).toEqual(many.sort())
  })
})

onEveryBackend('graphs', (backend) => {
  test('are replaced over the etag that was read, and over nothing else', async () => {
    const { store } = backend()
    const caller = newCaller()
    const put = (name: string, ifMatch?: string | null) =>
      store.metagraphs.put(caller, graphOf('s', name), ifMatch === undefined ? {} : { ifMatch })
    expect(await store.metagraphs.get(caller, 's')).toBeUndefined()
    expect(await put('early', 'r1')).toEqual({ outcome: 'precondition_failed', etag: null })
    expect(await store.metagraphs.get(caller, 's')).toBeUndefined()
    const first = await put('one', null)
    expect(first).toMatchObject({ outcome: 'stored', graph: graphOf('s', 'one') })
    const etag = 'etag' in first ? first.etag! : ''
    expect(await put('two', null)).toEqual({ outcome: 'precondition_failed', etag })
    const second = await put('two', etag)
    expect(second).toMatchObject({ outcome: 'stored' })
    expect(await put('three', etag)).toEqual({ outcome: 'precondition_failed', etag: second.etag })
    await put('four')
    const now = await store.metagraphs.get(caller, 's')
    expect(now?.graph).toEqual(graphOf('s', 'four'))
    expect(new Set([etag, second.etag, now?.etag]).size).toBe(3)
  })

  test('of first writes at once one is stored', async () => {
    const { store, another } = backend()
    const other = await another()
    const caller = newCaller()
    const answers = await Promise.all(
      Array.from({ length: 10 }, (_, index) =>
        (index % 2 ? store : other).metagraphs.put(caller, graphOf('s', `${index}`), { ifMatch: null }),
      ),
    )
    const stored = answers.filter((answer) => answer.outcome === 'stored')
    expect(stored).toHaveLength(1)
    expect((await store.metagraphs.get(caller, 's'))?.graph).toEqual(stored[0]?.graph)
  })

  test('unconditional writes at once all count', async () => {
    const { store, another } = backend()
    const other = await another()
    const caller = newCaller()
    const answers = await Promise.all(
      Array.from({ length: 10 }, (_, index) =>
        (index % 2 ? store : other).metagraphs.put(caller, graphOf('s', `${index}`), {}),
      ),
    )
    expect(new Set(answers.map((answer) => answer.etag)).size).toBe(10)
  })

  test('a second attempt of a run changes nothing and is answered with what the first wrote', async () => {
    const { store } = backend()
    const caller = newCaller()
    const writtenBy = randomUUIDv7()
    const first = await store.metagraphs.put(caller, graphOf('s', 'by the run'), { ifMatch: null, writtenBy })
    await store.metagraphs.put(caller, graphOf('s', 'by somebody else'), {})
    const second = await store.metagraphs.put(caller, graphOf('s', 'by the run, differently'), {
      ifMatch: null,
      writtenBy,
    })
    expect(second).toEqual(first)
    expect((await store.metagraphs.get(caller, 's'))?.graph).toEqual(graphOf('s', 'by somebody else'))
    // Another system, another write.
    expect(await store.metagraphs.put(caller, graphOf('t', 'x'), { writtenBy })).toMatchObject({
      graph: graphOf('t', 'x'),
    })
    const [a, b] = await Promise.all(
      [0, 1].map((n) => store.metagraphs.put(caller, graphOf('u', `${n}`), { writtenBy })),
    )
    expect(a).toEqual(b)
  })

  test('that ended runs wrote are not kept; what those still write changes nothing', async () => {
    const { store, db } = backend()
    const caller = newCaller()
    const active = await triggerRun(store, caller)
    const first = await store.metagraphs.put(caller, graphOf('s', 'first'), { writtenBy: active })
    const ended: string[] = []
    for (const name of ['second', 'third', 'fourth']) {
      const id = await triggerRun(store, caller)
      await store.metagraphs.put(caller, graphOf('s', name), { writtenBy: id })
      await store.reports.finish(id, { attempt: 1, status: 'completed' })
      ended.push(id)
    }
    const kept = await db
      .selectFrom('metagraph_writes')
      .select('written_by')
      .where('workspace', '=', caller.workspace)
      .where('graph', 'is not', null)
      .execute()
    expect(kept.map((row) => row.written_by).sort()).toEqual([active, ended[2]].sort())
    expect(await store.metagraphs.put(caller, graphOf('s', 'again'), { writtenBy: active })).toEqual(first)
    const now = await store.metagraphs.get(caller, 's')
    expect(await store.metagraphs.put(caller, graphOf('s', 'late'), { writtenBy: ended[0]! })).toEqual({
      outcome: 'stored',
      ...now,
    })
    expect((await store.metagraphs.get(caller, 's'))?.graph).toEqual(graphOf('s', 'fourth'))
  })
})

onEveryBackend('tokens', (backend) => {
  test('are found by their hash', async () => {
    const { store } = backend()
    const sha256 = createHash('sha256').update(randomUUIDv7()).digest('hex')
    expect(await store.tokens.find(sha256)).toBeUndefined()
    await store.tokens.ensure(sha256, { workspace: 'w', email: 'a@example.com', kind: 'user' })
    await store.tokens.ensure(sha256, { workspace: 'w', email: 'b@example.com', kind: 'worker' })
    expect(await store.tokens.find(sha256)).toEqual({
      workspace: 'w',
      email: 'b@example.com',
      kind: 'worker',
    })
  })

  test('the store answers a ping', async () => {
    await backend().store.ping()
  })
})
