import pg from 'pg'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { JobwrightError } from '../../src/base/errors.ts'
import { toFailure } from '../../src/cli/errors.ts'
import { JobsClient } from '../../src/client/index.ts'
import { basePath } from '../../src/contract/index.ts'
import { type OwnPostgres, startOwnPostgres } from '../helpers/postgres.ts'
import { until } from '../helpers/until.ts'
import { type Answer, type Person, startApi, type TestApi } from './routes/api.ts'

describe('while PostgreSQL is away', () => {
  let postgres: OwnPostgres
  let api: TestApi
  let person: Person
  beforeAll(async () => {
    postgres = await startOwnPostgres()
    api = await startApi({ databaseUrl: postgres.url })
    person = await api.person()
  })
  afterAll(async () => {
    await api?.close()
    await postgres?.stop()
  })

  const readyz = async (): Promise<Answer> => {
    const response = await fetch(`${api.url}/readyz`)
    const text = await response.text()
    return { status: response.status, headers: response.headers, text, json: JSON.parse(text) }
  }
  const expectUnavailable = ({ status, headers, json, text }: Answer) => {
    expect({ status, json }).toMatchObject({
      status: 503,
      json: { status: 503, title: 'Service Unavailable', code: 'store_unavailable' },
    })
    expect(headers.get('Content-Type')).toBe('application/problem+json')
    expect(headers.get('Retry-After')).toMatch(/^\d+$/)
    // Nothing of where it is and of what its driver says.
    expect(text).not.toMatch(/127\.0\.0\.1|postgres|ECONNREFUSED|terminat/i)
  }

  test('every request is told to come back, those under way included, and all is well when it is back', async () => {
    const job = await person.job()
    const answers: Answer[] = []
    let halted = false
    const ask = async () => {
      while (!halted)
        answers.push(
          await person.get(`/jobs/${job.uuid}`),
          await person.post('/jobs', { job_type: 'plain', config: { job_type: 'plain' } }),
        )
    }
    const asking = Array.from({ length: 8 }, ask)
    await until('requests are answered', () => answers.length > 20)
    await postgres.halt()
    await until('an answer after the halt', () => answers.at(-1)?.status === 503)
    halted = true
    await Promise.all(asking)
    for (const answer of answers) if (answer.status >= 300) expectUnavailable(answer)

    // With a good body: one that is wrong can be told so without a database, by a server that knows the token.
    const body = { job_type: 'plain', config: { job_type: 'plain' } }
    for (const [method, target] of [
      ['GET', '/jobs'],
      ['GET', `/jobs/${job.uuid}`],
      ['POST', '/jobs'],
      ['GET', '/documents/pdu'],
    ] as const)
      expectUnavailable(await person.send(method, target, method === 'POST' ? { body } : {}))
    expectUnavailable(await readyz())
    // Whoever runs the server is told why.
    expect(api.errors.at(-1)).toMatchObject({ code: 'store_unavailable', cause: { code: 'ECONNREFUSED' } })

    await postgres.resume()
    await until('it answers again', async () => (await person.get(`/jobs/${job.uuid}`)).status === 200)
    expect((await readyz()).status).toBe(200)
  })

  test('a client knows it for an outage, and the command line exits as for one', async () => {
    await postgres.halt()
    const client = new JobsClient({ baseUrl: api.url + basePath, token: person.token })
    const error = await client.listJobs().catch((reason: unknown) => reason)
    await postgres.resume()
    expect(error).toBeInstanceOf(JobwrightError)
    expect(error).toMatchObject({ status: 503, fault: 'unreachable', retryAfterMs: expect.any(Number) })
    expect(toFailure(error)).toMatchObject({ code: 'store_unavailable', exitCode: 3 })
  })

  test('a connection that the database ends is no defect, and the next request gets another', async () => {
    await until('it answers', async () => (await readyz()).status === 200)
    const ended = await endConnections(postgres.url)
    expect(ended).toBeGreaterThan(0)
    for (let tries = 0; tries <= ended; tries++) {
      const answer = await person.get('/jobs')
      if (answer.status !== 200) expectUnavailable(answer)
    }
    expect((await person.get('/jobs')).status).toBe(200)
  })

  test('one that takes no writes, as a standby, is an outage for what writes', async () => {
    const write = () => person.post('/jobs', { job_type: 'plain', config: { job_type: 'plain' } })
    await query(postgres.url, 'alter role all set default_transaction_read_only = on')
    await endConnections(postgres.url)
    await until('reads go on', async () => (await person.get('/jobs')).status === 200)
    for (let tries = 0; tries < 10; tries++) expectUnavailable(await write())
    await query(
      postgres.url,
      'set transaction read write; alter role all reset default_transaction_read_only',
    )
    await endConnections(postgres.url)
    await until('writes go on', async () => (await write()).status === 201)
  })
})

async function query(url: string, text: string): Promise<number> {
  const client = new pg.Client({ connectionString: url })
  await client.connect()
  const { rowCount } = await client.query(text)
  await client.end()
  return rowCount ?? 0
}

/** Ends every connection of the server, as `pg_terminate_backend` does; how many there were. */
function endConnections(url: string): Promise<number> {
  return query(
    url,
    "select pg_terminate_backend(pid) from pg_stat_activity where application_name like 'jobwright-%'",
  )
}
