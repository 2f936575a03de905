import { randomUUID } from 'node:crypto'
import { expect, test } from 'vitest'
import { createDispatcher } from '../../../src/server/dispatch/dispatcher.ts'
import { until } from '../../helpers/until.ts'
import { memoryLog, scriptedExecutor, whileRunning } from '../dispatch/scripted.ts'
import { type Person, startApi, type TestApi } from '../routes/api.ts'
import { type Backend, onEveryBackend } from './backends.ts'

/** What looks by itself at times: not while something is counted here. */
const seldomMs = 3_600_000

/** A server with its dispatcher, whose Temporal hands each start to `work`. */
async function serving(
  { store }: Backend,
  work: (api: TestApi, jobRunId: string) => Promise<unknown>,
  during: (api: TestApi, person: Person) => Promise<void>,
): Promise<void> {
  // The store is for the tests that follow, too.
  const api = await startApi({ opened: { ...store, close: async () => undefined } })
  const executor = scriptedExecutor()
  const working: Promise<unknown>[] = []
  executor.script.start = (jobRunId) => {
    working.push(work(api, jobRunId))
    return 'started'
  }
  try {
    const person = await api.person()
    const dispatcher = createDispatcher({ store, executor, log: memoryLog(), idleMs: seldomMs })
    await whileRunning(dispatcher, async () => {
      await during(api, person)
      await Promise.all(working)
    })
  } finally {
    await api.close()
  }
}

/** A run as a worker executes it: it stores one output. */
async function execute(
  api: TestApi,
  jobRunId: string,
  meanwhile: () => Promise<void> = async () => undefined,
) {
  const at = `/worker/job-runs/${jobRunId}`
  const started = await api.worker.post(`${at}/start`, { attempt: 1, worker: 'w' })
  expect(started.json.action).toBe('execute')
  await meanwhile()
  await api.worker.send('PUT', `${at}/outputs/sum?attempt=1`, { body: { sum: 7 } })
  const at1 = '2026-04-13T10:10:00.000000'
  const lines = [{ at: at1, level: 'info', message: 'done' }]
  const ended = await api.worker.post(`${at}/finish`, { attempt: 1, status: 'completed', lines })
  expect(ended.json.applied).toBe(true)
}

function trigger(person: Person, wait: number, key = randomUUID()) {
  const job = { job_type: 'plain', config: { job_type: 'plain' }, key: `job of ${key}`.replaceAll(' ', '-') }
  return person.post(`/job-runs?wait=${wait}`, { job, client_ref: '["ref"]' }, { 'Idempotency-Key': key })
}

/** Without what comes by time, however many runs there are: one look-up of a token a second, and the looks for lost changes. */
const besideTime = (statements: string[]) =>
  statements.filter((text) => !text.includes('from "tokens"') && !text.includes('sum(last_seq)'))
const readsFeed = (text: string) => text.includes('newest.head')
const readsRun = (text: string) => text.includes('from "job_runs"')
const first = (text: string) => text.trim().slice(0, 160)

onEveryBackend(
  'the statements',
  (backend) => {
    test('of a run without length and with one output, in four requests', async () => {
      const { statements } = backend()
      await serving(
        backend(),
        (api, jobRunId) => execute(api, jobRunId),
        async (_, person) => {
          const sent: string[] = []
          const settled = () => {
            sent.push(...statements())
            return sent.some((text) => text.includes('delete from outbox where id'))
          }
          // The dispatcher looks once, and does not see a start that it would look after; then the first run is settled.
          await until('the dispatcher has looked', () => {
            sent.push(...statements())
            return sent.some((text) => text.includes('tries = tries + 1'))
          })
          await trigger(person, 20)
          await until('the first start is settled', settled)
          sent.length = 0
          const { json } = await trigger(person, 20)
          expect(json).toMatchObject({
            status: 'completed',
            output_references: [{ name: 'sum', value: { sum: 7 } }],
          })
          await until('the start is settled', settled)
          // Trigger, start, output, end, and the run for who waits; and the outbox, told that the start is done.
          expect(besideTime(sent).map(first).join('\n')).not.toMatch(/begin|commit|update outbox/i)
          expect(besideTime(sent).length, sent.map(first).join('\n')).toBeLessThanOrEqual(6)
        },
      )
    })

    test('of a run while it is idle: none, for those either who wait for it or follow it', async () => {
      const { statements } = backend()
      const gate = Promise.withResolvers<void>()
      await serving(
        backend(),
        (api, jobRunId) => execute(api, jobRunId, () => gate.promise),
        async (api, person) => {
          const { cursor } = (await person.get('/job-runs/changes')).json
          const made = (await trigger(person, 0)).json
          await until(
            'it runs',
            async () => (await person.get(`/job-runs/${made.uuid}`)).json.status === 'running',
          )
          const read = await person.get(`/job-runs/changes?after=${cursor}`)
          statements()
          const waits = [
            person.get(`/job-runs/${made.uuid}?wait=20`),
            person.get(`/job-runs/changes?after=${read.json.cursor}&wait=20&client_ref_prefix=["ref"]`),
          ]
          const looked: string[] = []
          await until('both have looked', () => {
            looked.push(...statements())
            return looked.some(readsFeed) && looked.some(readsRun)
          })
          // Another run begins, and those who wait for this one do not look.
          const other = await person.run((await person.job()).uuid)
          let looks = 0
          await until('it runs', async () => {
            looks += 1
            return (await api.store.runs.get(person, other.uuid))?.status === 'running'
          })
          const sent = besideTime(statements())
          expect(sent.filter(readsFeed)).toEqual([])
          expect(sent.filter(readsRun).length).toBe(looks)
          gate.resolve()
          const [ended, changes] = await Promise.all(waits)
          expect(ended?.json.status).toBe('completed')
          expect(changes?.json.changes.map((change: { status: string }) => change.status)).toEqual([
            'completed',
          ])
        },
      )
    })
  },
  { backstopMs: seldomMs },
)
