import { describe, expect, test } from 'vitest'
import { type ConformOptions, conform, type Report } from '../../src/conformance/index.ts'
import { type ForeignServer, type Habits, startForeignServer } from '../foreign-server/index.ts'

/** What it finds on a server that is written apart from ours, with one habit at a time. */

async function check(server: ForeignServer, options: Partial<ConformOptions> = {}): Promise<Report> {
  return conform({
    api: { baseUrl: server.url, token: server.token },
    signal: new AbortController().signal,
    patienceMs: 10_000,
    ...options,
  })
}

/** A server on which others have worked before. */
async function startUsedServer(habits: Partial<Habits>, durationMs = 300): Promise<ForeignServer> {
  const server = await startForeignServer({ durationMs })
  const response = await fetch(`${server.url}/jobs`, {
    method: 'POST',
    headers: { Authorization: `Bearer ${server.token}`, 'Content-Type': 'application/json' },
    body: JSON.stringify({ job_type: 'metagraph_update', config: { job_type: 'metagraph_update' } }),
  })
  const { uuid } = (await response.json()) as { uuid: string }
  const planted = { createdBy: 'other@example.com' }
  server.addRun(uuid, { ...planted, status: 'completed', createdAtMs: Date.now() - 60_000 })
  server.addRun(uuid, { ...planted, status: 'failed', createdAtMs: Date.now() - 50_000 })
  Object.assign(server.habits, habits)
  return server
}

const idsOf = (report: Report, verdict: string) =>
  report.checks.filter((one) => one.verdict === verdict).map(({ id }) => id)
const untold = ['runs.keys']

describe('a server of the reference', () => {
  test('conforms, read only: nothing but GETs reaches it', async () => {
    const server = await startUsedServer({})
    try {
      const seen = server.log.length
      const report = await check(server)
      expect(idsOf(report, 'fails')).toEqual([])
      expect(report).toMatchObject({
        conforms: true,
        fit_for_pipelines: true,
        wrote: false,
        made: [],
        profile: { capabilities: null, mode: 'strict' },
      })
      const asked = server.log.slice(seen)
      expect(new Set(asked.map(({ method }) => method))).toEqual(new Set(['GET']))
      // Once to be looked through, and once to be compared with its parts: there may be many thousands.
      const whole = asked.filter(({ path, query }) => path === '/job-runs' && Object.keys(query).length === 0)
      expect(whole).toHaveLength(2)
      expect(report.checks.filter((one) => one.verdict === 'skipped' && one.why !== 'needs --write')).toEqual(
        [],
      )
    } finally {
      await server.stop()
    }
  })

  test('conforms, with what is made and put away', async () => {
    const server = await startUsedServer({}, 1_500)
    const said: string[] = []
    try {
      const report = await check(server, { write: {}, log: (line) => said.push(line) })
      expect(idsOf(report, 'fails')).toEqual([])
      expect(idsOf(report, 'skipped')).toEqual(untold)
      expect(report.profile.measured).toMatchObject({
        list_lag_ms: 0,
        get_lag_ms: 0,
        ids: 'uuid',
        times: 'naive',
        order: 'newest_first',
        created_after: 'inclusive',
        config_echo: true,
        cancel_of_ended: 409,
      })
      const [made, ...others] = [...server.jobs.values()].filter(({ jobType }) => jobType === 'work')
      expect([made?.isDeleted, others]).toEqual([true, []])
      const runs = [...server.runs.values()].filter(({ job }) => job === made)
      expect(runs.map(({ history }) => history.at(-1)?.status).toSorted()).toEqual([
        'cancelled',
        'completed',
        'completed',
      ])
      expect(report.made.map(({ kind, end }) => `${kind} ${end}`)).toEqual([
        'job deleted',
        'job_run completed',
        'job_run cancelled',
        'job_run completed',
      ])
      expect(said).toContain(`deleted job ${made?.uuid}`)
      expect(JSON.stringify([report, said])).not.toContain(server.token)
    } finally {
      await server.stop()
    }
  })
})

/** A habit, what it makes fail, and whether pipelines can do with it. */
const cases: [Partial<Habits>, string[], 'fit' | 'unfit', object?][] = [
  [{ capabilities: 'html' }, [], 'fit', { mode: 'strict', capabilities: null }],
  [{ html: ['unknown'] }, ['unknown_path'], 'fit', { mode: 'strict' }],
  [{ errors: 'html' }, ['errors'], 'fit'],
  [{ errors: 'validation' }, [], 'fit'],
  [{ gzip: true, extraFields: true }, [], 'fit'],
  [{ timestamps: 'zoned' }, [], 'fit', { measured: { times: 'zoned' } }],
  [{ missingFields: ['job_name'] }, ['runs.answer', 'runs.fields'], 'fit'],
  [{ configEcho: 'empty' }, ['runs.override'], 'fit', { measured: { config_echo: false } }],
  [{ ids: 'text' }, ['ids.uuid'], 'fit', { measured: { ids: 'text' } }],
  [
    { ids: 'number' },
    ['jobs.create', 'jobs.list', 'jobs.fields', 'runs.list', 'runs.fields', 'ids.text', 'ids.uuid'],
    'unfit',
    { measured: { ids: 'number' } },
  ],
  [{ statusNames: { failed: 'BROKEN' } }, ['runs.fields', 'statuses'], 'unfit'],
  [{ runInvisibleMs: 800 }, ['runs.get_fresh'], 'fit'],
  [{ listLagMs: 800 }, ['runs.list_fresh'], 'fit'],
  [{ ignoredFilters: ['job_id'] }, ['runs.filter_job_id'], 'unfit'],
  [{ ignoredFilters: ['statuses'] }, ['runs.filter_statuses'], 'unfit'],
  [{ ignoredFilters: ['job_types'] }, ['jobs.filter_job_types', 'runs.filter_job_types'], 'fit'],
  [{ ignoredFilters: ['created_after'] }, ['jobs.created_after', 'runs.created_after'], 'fit'],
  [{ listOrder: 'mixed' }, [], 'fit', { measured: { order: 'other' } }],
  [{ listCap: 2 }, ['runs.whole'], 'unfit'],
  [{ count: 'total' }, ['jobs.count', 'runs.count'], 'unfit'],
  [{ count: 'zero' }, ['jobs.count', 'runs.count'], 'unfit'],
  [{ cancelAnswer: 'html' }, ['runs.cancel_answer'], 'fit'],
  [{ cancelTakesMs: 200, cancelOfEnded: 400 }, [], 'fit', { measured: { cancel_of_ended: 400 } }],
  [{ cancelOfEnded: 404 }, ['runs.cancel_ended'], 'fit'],
  [
    { redirect: { endpoints: ['create_run'], status: 307, to: 'same' } },
    ['runs.create', 'runs.create_unknown', 'runs.override'],
    'unfit',
  ],
]

describe('a server that', () => {
  test.each(cases)('has %j fails %j', async (habits, failing, fitness, profile = {}) => {
    const server = await startUsedServer(habits)
    try {
      const report = await check(server, { write: {} })
      expect(idsOf(report, 'fails')).toEqual(failing)
      expect(report.conforms).toBe(failing.length === 0)
      expect(report.fit_for_pipelines).toBe(fitness === 'fit')
      expect(report.profile).toMatchObject(profile)
    } finally {
      await server.stop()
    }
  })

  test('lists nothing that can be read is told once', async () => {
    const server = await startUsedServer({ html: ['list_runs'] })
    try {
      const report = await check(server)
      expect(idsOf(report, 'fails')).toEqual(['runs.list'])
      expect(report.checks.find(({ id }) => id === 'runs.whole')).toMatchObject({
        verdict: 'skipped',
        why: 'GET /job-runs cannot be read',
      })
    } finally {
      await server.stop()
    }
  })

  test('triggers without saying so leaves nothing running', async () => {
    const server = await startUsedServer({ htmlAfter: ['create_run'] }, 600_000)
    try {
      const report = await check(server, { write: {} })
      expect(idsOf(report, 'fails')).toContain('runs.create')
      const made = [...server.runs.values()].filter(({ job }) => job.jobType === 'work')
      expect(made.length).toBeGreaterThan(0)
      for (const { history } of made) expect(history.at(-1)?.status).toBe('cancelled')
    } finally {
      await server.stop()
    }
  })

  test.each([503, 401])('answers %i to the question what it offers is not taken for one', async (status) => {
    const server = await startUsedServer({ capabilities: status })
    try {
      const { profile } = await check(server)
      expect(profile.mode).toBeUndefined()
      expect(profile.because).toContain(String(status))
    } finally {
      await server.stop()
    }
  })

  test('tells its token shows it to nobody', async () => {
    const token = 'canary-of-a-token'
    const habits = { ignoredFilters: ['created_by_users'] }
    const server = await startForeignServer({ token, createdBy: token, habits })
    try {
      const report = await check(server, { write: {} })
      expect(idsOf(report, 'fails')).toEqual(['jobs.filter_created_by'])
      expect(JSON.stringify(report)).not.toContain('canary')
    } finally {
      await server.stop()
    }
  })

  test('is interrupted puts away what was made', async () => {
    const server = await startForeignServer({ manual: true })
    const interrupt = new AbortController()
    try {
      const log = (line: string) => {
        if (line.startsWith('triggered')) interrupt.abort()
      }
      const report = await check(server, { write: {}, signal: interrupt.signal, log })
      expect(idsOf(report, 'skipped')).toContain('runs.list_fresh')
      expect(report.made.map(({ kind, end }) => `${kind} ${end}`)).toEqual([
        'job deleted',
        'job_run cancelled',
      ])
    } finally {
      await server.stop()
    }
  })
})
