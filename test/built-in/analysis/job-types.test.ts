import { randomUUID } from 'node:crypto'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import type { Json } from '../../../src/base/json.ts'
import { generateIssue, metagraphUpdate } from '../../../src/built-in/analysis/index.ts'
import { JobsClient } from '../../../src/client/index.ts'
import type { AnyJobType } from '../../../src/job-types/types.ts'
import { startApi, type TestApi } from '../../server/routes/api.ts'
import { documentsOf } from './sets.ts'

let server: TestApi
let api: JobsClient
beforeAll(async () => {
  server = await startApi()
  const { token } = await server.person()
  api = new JobsClient({ baseUrl: `${server.url}/api/v1`, token })
})
afterAll(() => server.close())

async function push(collection: string, documents: readonly { path: string; text: string }[]): Promise<void> {
  for (const { path, text } of documents)
    await api.putDocument(collection, path, { content: text, mediaType: 'text/plain' })
}

/** Runs a handler against the real server; its outputs are checked by their schemas, as a worker does. */
async function run(jobType: AnyJobType, config: Record<string, Json>) {
  // biome-ignore lint/suspicious/noExplicitAny: what outputs hold is what the tests are about
  const outputs: Record<string, any> = {}
  const logs: string[] = []
  const log = (message: string): void => void logs.push(message)
  const unused = async () => undefined
  await jobType.run({
    config: jobType.config.parse(config),
    run: { uuid: randomUUID(), jobId: randomUUID(), jobName: 'x', jobType: jobType.jobType, workspace: 'x' },
    attempt: 1,
    signal: new AbortController().signal,
    log: { debug: log, info: log, warn: log, error: log },
    progress: () => undefined,
    output: {
      json: async (name: string, value: Json) => {
        outputs[name] = jobType.outputs?.[name]?.parse(value) ?? value
      },
      text: unused,
      bytes: unused,
    },
    api,
  } as never)
  return { outputs, logs }
}

describe('metagraph_update and generate_issue on the real server', () => {
  test('store the graph, say what changed since, and find issues in graph and documents', async () => {
    await push('hydraulic-unit', documentsOf('hydraulic-unit'))
    const first = await run(metagraphUpdate, { system_id_or_name: 'Hydraulic Unit' })
    expect(first.outputs.summary).toMatchObject({
      engine: { name: 'rules', version: '1.0.0' },
      entities: { COMPONENT: 8, INTERFACE: 1, RESOURCE: 2, SIGNAL: 4, SUBSYSTEM: 1 },
      documents: { read: ['interface-control.md', 'mass-budget.csv', 'requirements.md', 'test-report.md'] },
    })
    expect(first.outputs.changes.counts).toEqual({ added: 28, changed: 0, removed: 0 })
    const stored = await api.getMetagraph('Hydraulic Unit')
    expect(stored?.graph.entities).toEqual(first.outputs.metagraph.entities)

    const again = await run(metagraphUpdate, { system_id_or_name: 'Hydraulic Unit' })
    expect(again.outputs.changes.counts).toEqual({ added: 0, changed: 0, removed: 0 })

    const found = await run(generateIssue, { metagraph: first.outputs.metagraph })
    expect(found.outputs.summary).toMatchObject({
      engine: { name: 'rules', version: '1.0.0' },
      issues: 7,
      by_priority: { high: 5, medium: 2 },
    })
    const byName = await run(generateIssue, { system_id_or_name: 'Hydraulic Unit', min_priority: 'high' })
    expect(byName.outputs.issues).toEqual(found.outputs.issues.slice(0, 5))
    expect(byName.outputs.summary.below_min_priority).toBe(2)
  })

  test('say what was added, changed and removed when a document changes', async () => {
    const valve = '| Item | Function | Controlled by |\n|---|---|---|\n| Valve | opens | PLC |\n'
    await push('plant', [{ path: 'a.md', text: valve }])
    await run(metagraphUpdate, { system_id_or_name: 'Plant' })
    const next = valve.replace('opens', 'closes').replace('PLC', 'Relay board')
    await push('plant', [{ path: 'a.md', text: next }])
    const { changes } = (await run(metagraphUpdate, { system_id_or_name: 'Plant' })).outputs
    const ids = (part: { entities: { id: string }[] }) => part.entities.map(({ id }) => id)
    expect(ids(changes.added)).toEqual(['relay-board'])
    expect(ids(changes.removed)).toEqual(['plc'])
    expect(changes.changed.entities).toMatchObject([
      { before: { id: 'valve', description: 'opens' }, after: { id: 'valve', description: 'closes' } },
    ])
    expect(changes.counts).toEqual({ added: 2, changed: 1, removed: 2 })
  })

  test.each([
    ['broken.csv', 'name,note\nPump,"never closed\n', 'broken.csv:2: a quoted field opens here'],
    ['broken.json', '{\n  "a": [1,\n  2\n', 'broken.json:4: this is not valid JSON'],
  ])('fail on %s with its line and the fix', async (path, text, message) => {
    await push(path, [{ path, text }])
    await expect(run(metagraphUpdate, { system_id_or_name: 'x', documents: path })).rejects.toMatchObject({
      code: 'document_malformed',
      message: expect.stringContaining(message),
    })
  })

  test('fail on a document that is not UTF-8, with its byte', async () => {
    await api.putDocument('latin', 'a.md', {
      content: new Uint8Array([0x61, 0xe4, 0x62]),
      mediaType: 'text/plain',
    })
    await expect(run(metagraphUpdate, { system_id_or_name: 'Latin' })).rejects.toMatchObject({
      code: 'document_not_utf8',
      message: 'a.md: byte 1 (0xe4) is not UTF-8',
      fix: 'save the document as UTF-8',
    })
  })

  test('name the collection that has no documents, and the system that has no graph', async () => {
    await expect(run(metagraphUpdate, { system_id_or_name: 'Nowhere' })).rejects.toMatchObject({
      code: 'no_documents',
      message: expect.stringContaining('"nowhere"'),
    })
    await expect(run(generateIssue, { system_id_or_name: 'Nowhere' })).rejects.toMatchObject({
      code: 'no_metagraph',
    })
  })
})
