import { setTimeout as delay, setImmediate as turnOfLoop } from 'node:timers/promises'
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest'
import { JobsApiError, JobsClient } from '../../src/client/index.ts'
import { basePath } from '../../src/contract/index.ts'
import { createAdmission, type Load } from '../../src/server/services/admission.ts'
import { startPostgres, type TestPostgres } from '../helpers/postgres.ts'
import type { SlowDatabase } from '../helpers/slow-database.ts'
import { until } from '../helpers/until.ts'
import { type Answer, type Person, startApi, type TestApi } from './routes/api.ts'

/** A server whose database can be held, and what it says of its load. */
interface Crowded {
  api: TestApi
  person: Person
  database: SlowDatabase
  told: Load[]
  load(): Promise<Load>
  /** Holds every statement; the function lets them go on. */
  hold(): () => void
}

type Kind = 'PGlite' | 'PostgreSQL'
let postgres: TestPostgres | undefined
beforeAll(async () => {
  postgres = await startPostgres()
})
afterAll(() => postgres?.stop())
let opened: TestApi | undefined
afterEach(async () => {
  await opened?.close()
  opened = undefined
})

async function startCrowded(kind: Kind, clientTimeoutMs: number): Promise<Crowded> {
  const databaseUrl = kind === 'PostgreSQL' ? await postgres?.createDatabase() : undefined
  const told: Load[] = []
  let database: SlowDatabase | undefined
  const api = await startApi({
    clientTimeoutMs,
    ...(databaseUrl === undefined ? {} : { databaseUrl }),
    onLoad: (load) => told.push(load),
    slow: (given) => {
      database = given
    },
  })
  opened = api
  if (!database) throw new Error('the database did not open')
  const slow = database
  return {
    api,
    person: await api.person(),
    database: slow,
    told,
    async load() {
      const response = await fetch(`${api.url}/healthz`)
      return ((await response.json()) as { load: Load }).load
    },
    hold() {
      const { promise, resolve } = Promise.withResolvers<void>()
      slow.before = () => promise
      return () => {
        slow.before = () => Promise.resolve()
        resolve()
      }
    },
  }
}

const trigger = (person: Person, jobId: string, key: string): Promise<Answer> =>
  person.post('/job-runs', { job_id: jobId }, { 'Idempotency-Key': key })

async function triggered(person: Person, jobId: string): Promise<number> {
  return (await person.get(`/job-runs?job_id=${jobId}`)).json.count
}

describe.each(['PGlite', 'PostgreSQL'] as const)('While the database cannot keep up, on %s:', (kind) => {
  test('new work is refused in time with nothing done, reports and cancels wait longer and go first', async () => {
    // A fifth of it is how long the queue stands as it is, two fifths how long a report waits.
    const { api, person, told, load, hold } = await startCrowded(kind, 30_000)
    const job = await person.job()
    const ran = await person.run(job.uuid)
    const letGo = hold()
    const keys = Array.from({ length: 60 }, (_, index) => `key-${index}`)
    const answers: Answer[] = []
    const order: string[] = []
    const triggers = keys.map(async (key) => {
      const answer = await trigger(person, job.uuid, key)
      answers.push(answer)
      if (answer.status === 201) order.push('trigger')
      return answer
    })
    const { limit } = await until('the queue', async () => {
      const seen = await load()
      return seen.working === seen.limit && seen.queued === keys.length - seen.limit && seen
    })
    const report = api.worker
      .post(`/worker/job-runs/${ran.uuid}/start`, { attempt: 1, worker: 'w' })
      .finally(() => order.push('report'))
    const cancel = person.post('/job-runs/cancel-by-key', { idempotency_key: 'never-sent' })
    await until('the rest is refused', () => answers.length === keys.length - limit)
    for (const { status, headers, json } of answers) {
      expect({ status, json }).toMatchObject({ status: 503, json: { status: 503, code: 'overloaded' } })
      expect(headers.get('Content-Type')).toBe('application/problem+json')
      expect(Number(headers.get('Retry-After'))).toBeGreaterThanOrEqual(1)
    }
    expect(new Set(answers.map(({ headers }) => headers.get('Retry-After'))).size).toBeGreaterThan(1)
    expect((await load()).refusing).toBe(true)
    // What has nothing to wait for is let in; it waits for the database alone.
    const cheap = person.get('/capabilities')

    letGo()
    const all = await Promise.all(triggers)
    expect((await report).status).toBe(200)
    expect((await cancel).status).toBe(200)
    expect((await cheap).status).toBe(200)
    // Those at work were at work already; nobody else was let in before the report.
    expect(order.filter((what) => what === 'trigger').length).toBe(limit)
    expect(all.filter(({ status }) => status === 201)).toHaveLength(limit)
    // Before anything else is asked, which would be at work when it is told.
    await until('it is over', () => told.length === 2)
    expect(told.map(({ refusing }) => refusing)).toEqual([true, false])
    expect(told[1]).toMatchObject({ refused: keys.length - limit, queued: 0, working: 0 })
    expect(await triggered(person, job.uuid)).toBe(limit + 1)

    for (const key of keys) expect((await trigger(person, job.uuid, key)).status).toBe(201)
    expect(await triggered(person, job.uuid)).toBe(keys.length + 1)
    expect(told).toHaveLength(2)
    expect(api.errors).toEqual([])
  })

  test('300 triggers at once are all done, each once, while reports get through, and nobody waits in vain', async () => {
    const { api, person, database, load, hold } = await startCrowded(kind, 2_000)
    const job = await person.job()
    const ran = await person.run(job.uuid)
    const letGo = hold()
    let sent = 0
    const counted: typeof fetch = (...request) => {
      sent += 1
      return fetch(...request)
    }
    // Client and server are one process: on a machine that is slow, one that stalled gives up before it reads what it was told.
    const patience = { timeoutMs: 60_000, fetch: counted }
    const client = new JobsClient({ baseUrl: api.url + basePath, token: person.token, ...patience })
    const persistent = async (key: string): Promise<string> => {
      for (;;) {
        try {
          return (await client.createJobRun({ job_id: job.uuid }, { idempotencyKey: key })).uuid
        } catch (error) {
          if (!(error instanceof JobsApiError) || error.code !== 'overloaded') throw error
          await delay(error.retryAfterMs)
        }
      }
    }
    let areDone = false
    const reporting = (async () => {
      const statuses: number[] = []
      for (let fraction = 0; !areDone; fraction += 0.001) {
        const report = { attempt: 1, fraction }
        statuses.push((await api.worker.post(`/worker/job-runs/${ran.uuid}/progress`, report)).status)
      }
      return statuses
    })()
    const triggers = Array.from({ length: 300 }, (_, index) => persistent(`key-${index}`))
    await until('some are refused', async () => (await load()).refused > 0)
    letGo()
    database.before = () => delay(1)
    const runs = await Promise.all(triggers)
    areDone = true
    expect(new Set(runs).size).toBe(300)
    const reports = await reporting
    // Refused at last on a machine that is slow; and never anything else.
    const refusedReports = reports.filter((status) => status === 503).length
    expect(reports.filter((status) => status === 200).length).toBeGreaterThan(refusedReports)
    expect(new Set(reports)).not.toContain(500)
    database.before = () => Promise.resolve()
    const { refused } = await load()
    expect(refused).toBeGreaterThan(0)
    // Each key was let in once; whatever else was sent was refused.
    expect(sent).toBe(300 + refused - refusedReports)
    expect((await client.listJobRuns({ job_id: job.uuid })).items).toHaveLength(301)
    expect(api.errors).toEqual([])
  })

  test('whoever gave up meanwhile is not served any more', async () => {
    const { person, load, hold } = await startCrowded(kind, 600_000)
    const job = await person.job()
    const letGo = hold()
    const leaving = new AbortController()
    const left = Array.from({ length: 40 }, () =>
      person
        .send('POST', '/job-runs', { body: { job_id: job.uuid }, signal: leaving.signal })
        .catch(() => undefined),
    )
    const { limit } = await until('the queue', async () => {
      const seen = await load()
      return seen.queued + seen.limit === left.length && seen
    })
    leaving.abort()
    await Promise.all(left)
    await until('the queue is empty', async () => (await load()).queued === 0)
    letGo()
    await until('all is done', async () => (await load()).working === 0)
    expect(await triggered(person, job.uuid)).toBe(limit)
  })
})

test('those that come one in each turn of the event loop are heard of before what takes no turn is done', async () => {
  const admission = createAdmission({ clientTimeoutMs: 600_000 })
  let most = 0
  const done: Promise<void>[] = []
  for (let count = 0; count < 100; count += 1) {
    const work = async () => {
      most = Math.max(most, admission.load().queued)
    }
    done.push(admission.admit('rest', new AbortController().signal, work))
    await turnOfLoop()
  }
  await Promise.all(done)
  expect(most).toBeGreaterThan(50)
})

describe.each(['PGlite', 'PostgreSQL'] as const)('What waits for a change holds no place, on %s:', (kind) => {
  test('long polls of runs and of the feed', async () => {
    const { person, load } = await startCrowded(kind, 600_000)
    const run = await person.run()
    const { cursor } = (await person.get('/job-runs/changes')).json
    const leaving = new AbortController()
    const polls = Array.from({ length: 200 }, (_, index) =>
      person
        .get(index % 2 ? `/job-runs/${run.uuid}?wait=30` : `/job-runs/changes?after=${cursor}&wait=30`, {
          signal: leaving.signal,
        })
        .catch(() => undefined),
    )
    await until('all wait', async () => {
      const { working, queued } = await load()
      return working + queued === 0
    })
    expect(await person.run()).toMatchObject({ status: 'pending' })
    leaving.abort()
    await Promise.all(polls)
    expect(await load()).toMatchObject({ refused: 0 })
  })

  test('a client that dribbles its body', async () => {
    const { api, person, load } = await startCrowded(kind, 600_000)
    const { promise: sent, resolve: sendRest } = Promise.withResolvers<void>()
    const dribbles = Array.from({ length: 40 }, () =>
      person.send('PUT', '/documents/pdu/slow', {
        body: new ReadableStream({
          async start(controller) {
            controller.enqueue(new TextEncoder().encode('begun '))
            await sent
            controller.enqueue(new TextEncoder().encode('and done'))
            controller.close()
          },
        }),
      }),
    )
    await until('all dribble', async () => {
      const { working, queued } = await load()
      return working + queued === 0
    })
    expect((await person.get('/jobs')).status).toBe(200)
    sendRest()
    for (const { status } of await Promise.all(dribbles)) expect(status).toBe(200)
    expect(api.errors).toEqual([])
  })
})
