import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { type Job, type JobRun, type OperationId, routes } from '../../../src/contract/index.ts'
import { type Answer, type Person, startApi, type TestApi } from './api.ts'

let api: TestApi
let owner: Person
let stranger: Person
let mine: { job: Job; run: JobRun; key: string }

beforeAll(async () => {
  api = await startApi()
  owner = await api.person()
  stranger = await api.person()
  mine = await ownersThings(owner)
  // The stranger's workspace holds things, too: an empty one would hide a filter that is too narrow.
  await ownersThings(stranger, 'another-key')
})
afterAll(() => api.close())

async function ownersThings(person: Person, key = 'isolation-key') {
  const job = await person.job({ canary: person.email })
  const run = (await person.post('/job-runs', { job_id: job.uuid }, { 'Idempotency-Key': key }))
    .json as JobRun
  const path = `/worker/job-runs/${run.uuid}`
  await api.worker.post(`${path}/start`, { attempt: 1, worker: 'w' })
  await api.worker.post(`${path}/logs`, {
    attempt: 1,
    lines: [{ at: '2026-04-13T10:10:00.000000', level: 'info', message: 'm' }],
  })
  await api.worker.send('PUT', `${path}/outputs/out?attempt=1`, { body: { secret: person.email } })
  await person.send('PUT', '/documents/shared/a.md', { body: person.email })
  await person.send('PUT', '/metagraphs/PDU', { body: graph(person.email) })
  return { job, run, key }
}

function graph(description: string) {
  return {
    system: 'PDU',
    entities: [{ id: 'e', kind: 'COMPONENT', name: 'e', description, source: { document: 'a', line: 1 } }],
    relationships: [],
  }
}

const nap = 'name: nap\nsteps: { nap: { job_type: plain } }'
const applied = { yaml: nap, schedule: { cron: '30 2 * * *' } }
const ownersSchedule = () => owner.send('PUT', '/schedules/nap', { body: applied })

/** Nothing of it is known to the stranger, and nothing of it changes by what they ask. */
async function ofSchedule(ask: (person: Person, name: string) => Promise<Answer>): Promise<void> {
  await ownersSchedule()
  const before = (await owner.get('/schedules/nap')).json
  await answersAsUnknown(ask, 'nap')
  expect((await owner.get('/schedules/nap')).json).toEqual(before)
}

/** Neither by the schedule's name nor by one of their own. */
async function ofBackfill(method: string, verb: string): Promise<void> {
  await ownersSchedule()
  const { json } = await owner.post('/schedules/nap/backfills', { from: '2026-04-01', until: '2026-04-02' })
  const ask = (person: Person, id: string) => person.send(method, `/schedules/nap/backfills/${id}${verb}`)
  await answersAsUnknown(ask, json.id)
  await stranger.send('PUT', '/schedules/nap', { body: applied })
  await answersAsUnknown(ask, json.id)
  await stranger.send('DELETE', '/schedules/nap')
  expect((await owner.get(`/schedules/nap/backfills/${json.id}`)).json).toEqual(json)
}

const ownersRun = async (): Promise<string> => (await owner.post('/pipeline-runs', { yaml: nap })).json.id

const unknownId = '00000000-0000-4000-8000-000000000000'

/** The answer to what is not the caller's must be the one to what does not exist, its id aside. */
async function answersAsUnknown(
  ask: (person: Person, id: string) => Promise<Answer>,
  id: string,
): Promise<void> {
  const [foreign, unknown] = await Promise.all([ask(stranger, id), ask(stranger, unknownId)])
  expect(foreign.status).toBe(404)
  expect(foreign.text.replaceAll(id, '')).toBe(unknown.text.replaceAll(unknownId, ''))
}

/** One proof per operation: a new route without one fails to compile and fails the test below. */
const proofs: Record<
  OperationId,
  (() => Promise<void>) | 'belongs to no workspace' | 'takes only the token of a worker'
> = {
  listJobSchemas: 'belongs to no workspace',
  getCapabilities: 'belongs to no workspace',
  whoami: async () => {
    const { workspace, email } = stranger
    expect((await stranger.get('/whoami')).json).toEqual({ workspace, email, installation: 'default' })
  },
  createJob: async () => {
    const body = { job_type: 'plain', config: { job_type: 'plain', a: 1 } }
    const first = await owner.post('/jobs', body, { 'Idempotency-Key': 'same' })
    const other = await stranger.post('/jobs', { job_type: 'plain' }, { 'Idempotency-Key': 'same' })
    expect([other.status, other.headers.get('Idempotent-Replayed')]).toEqual([201, null])
    expect(other.json.uuid).not.toBe(first.json.uuid)
  },
  listJobs: () => seesOnlyTheirOwn('/jobs', 'uuid', () => mine.job.uuid),
  getJob: () => answersAsUnknown((person, id) => person.get(`/jobs/${id}`), mine.job.uuid),
  getLatestRun: () => answersAsUnknown((person, id) => person.get(`/jobs/${id}/latest-run`), mine.job.uuid),
  updateJob: async () => {
    await answersAsUnknown(
      (person, id) => person.send('PATCH', `/jobs/${id}`, { body: { config: { hacked: true } } }),
      mine.job.uuid,
    )
    expect((await owner.get(`/jobs/${mine.job.uuid}`)).json).toEqual(mine.job)
  },
  deleteJob: async () => {
    await answersAsUnknown((person, id) => person.send('DELETE', `/jobs/${id}`), mine.job.uuid)
    expect((await owner.get(`/jobs/${mine.job.uuid}`)).json.is_deleted).toBe(false)
  },
  createJobRun: async () => {
    await answersAsUnknown((person, id) => person.post('/job-runs', { job_id: id }), mine.job.uuid)
    await answersAsUnknown(
      (person, id) => person.post('/job-runs', { job_id: id }, { 'Idempotency-Key': mine.key }),
      mine.job.uuid,
    )
  },
  listJobRuns: async () => {
    await seesOnlyTheirOwn('/job-runs', 'uuid', () => mine.run.uuid)
    expect((await stranger.get(`/job-runs?job_id=${mine.job.uuid}`)).json.items).toEqual([])
  },
  getJobRun: () => answersAsUnknown((person, id) => person.get(`/job-runs/${id}?wait=1`), mine.run.uuid),
  cancelJobRun: async () => {
    await answersAsUnknown((person, id) => person.post(`/job-runs/${id}/cancel`), mine.run.uuid)
    expect((await owner.get(`/job-runs/${mine.run.uuid}`)).json.cancel_requested_at).toBeNull()
  },
  listJobRunChanges: async () => {
    const { cursor } = (await stranger.get('/job-runs/changes')).json
    await owner.run()
    expect(
      (await stranger.get(`/job-runs/changes?after=${encodeURIComponent(cursor)}`)).json.changes,
    ).toEqual([])
    const owners = (await owner.get('/job-runs/changes')).json.cursor
    expect((await stranger.get(`/job-runs/changes?after=${encodeURIComponent(owners)}`)).json.code).toBe(
      'bad_cursor',
    )
  },
  cancelByKey: async () => {
    const { json } = await stranger.post('/job-runs/cancel-by-key', { idempotency_key: mine.key })
    expect(json).toMatchObject({ job_run: null, cancelled_count: 0 })
    expect((await owner.get(`/job-runs/${mine.run.uuid}`)).json.cancel_requested_at).toBeNull()
  },
  setClientRef: async () => {
    const path = (id: string) => `/job-runs/${id}/client-ref`
    await answersAsUnknown(
      (person, id) => person.send('PUT', path(id), { body: { client_ref: 'x' } }),
      mine.run.uuid,
    )
    expect((await owner.get(`/job-runs/${mine.run.uuid}`)).json.client_ref).not.toBe('x')
  },
  listJobRunLogs: () => answersAsUnknown((person, id) => person.get(`/job-runs/${id}/logs`), mine.run.uuid),
  getOutput: () => answersAsUnknown((person, id) => person.get(`/job-runs/${id}/outputs/out`), mine.run.uuid),
  putDocument: async () => {
    await stranger.send('PUT', '/documents/shared/a.md', { body: stranger.email })
    expect((await owner.get('/documents/shared/a.md')).text).toBe(owner.email)
  },
  getDocument: async () => {
    expect((await stranger.get('/documents/shared/a.md')).text).toBe(stranger.email)
    await owner.send('PUT', '/documents/private/b.md', { body: 'b' })
    expect((await stranger.get('/documents/private/b.md')).status).toBe(404)
  },
  deleteDocument: async () => {
    await owner.send('PUT', '/documents/private/c.md', { body: 'c' })
    expect((await stranger.send('DELETE', '/documents/private/c.md')).status).toBe(404)
    expect((await owner.get('/documents/private/c.md')).text).toBe('c')
  },
  listDocuments: async () => {
    await owner.send('PUT', '/documents/private/d.md', { body: 'd' })
    expect((await stranger.get('/documents/private')).json.items).toEqual([])
  },
  getMetagraph: async () => {
    expect((await stranger.get('/metagraphs/PDU')).json.entities[0].description).toBe(stranger.email)
    expect((await (await api.person()).get('/metagraphs/PDU')).status).toBe(404)
  },
  putMetagraph: async () => {
    await stranger.send('PUT', '/metagraphs/PDU', { body: graph(stranger.email) })
    expect((await owner.get('/metagraphs/PDU')).json.entities[0].description).toBe(owner.email)
  },
  startPipelineRun: async () => {
    const start = (person: Person) =>
      person.post('/pipeline-runs', { yaml: nap }, { 'Idempotency-Key': 'same' })
    const [first, other] = [await start(owner), await start(stranger)]
    expect([first.status, other.status, other.headers.get('Idempotent-Replayed')]).toEqual([201, 201, null])
    expect(other.json.id).not.toBe(first.json.id)
    await owner.send('PUT', '/pipelines/nap', { body: { yaml: nap } })
    expect((await stranger.post('/pipeline-runs', { pipeline: 'nap' })).json.code).toBe('unknown_pipeline')
  },
  listPipelineRuns: async () => {
    await owner.post('/pipeline-runs', { yaml: nap })
    await stranger.post('/pipeline-runs', { yaml: nap })
    const { items } = (await stranger.get('/pipeline-runs')).json
    expect(new Set(items.map((run: { owner: string }) => run.owner))).toEqual(new Set([stranger.email]))
  },
  getPipelineRun: async () =>
    answersAsUnknown((person, id) => person.get(`/pipeline-runs/${id}`), await ownersRun()),
  cancelPipelineRun: async () => {
    const run = await ownersRun()
    await answersAsUnknown((person, id) => person.post(`/pipeline-runs/${id}/cancel`), run)
    expect((await owner.get(`/pipeline-runs/${run}`)).json.status).toBe('running')
  },
  streamPipelineRun: async () =>
    answersAsUnknown((person, id) => person.get(`/pipeline-runs/${id}/events`), await ownersRun()),
  validatePipeline: 'belongs to no workspace',
  savePipeline: async () => {
    await owner.send('PUT', '/pipelines/nap', { body: { yaml: nap } })
    const other = await stranger.send('PUT', '/pipelines/nap', { body: { yaml: `${nap} # theirs` } })
    expect([other.json.version, other.json.is_new]).toEqual([1, true])
    expect((await owner.get('/pipelines/nap')).json.yaml).toBe(nap)
  },
  listPipelines: async () => {
    await owner.send('PUT', '/pipelines/nap', { body: { yaml: nap } })
    const other = await api.person()
    expect((await other.get('/pipelines')).json.items).toEqual([])
  },
  getPipeline: async () => {
    await owner.send('PUT', '/pipelines/nap', { body: { yaml: nap } })
    expect((await (await api.person()).get('/pipelines/nap')).status).toBe(404)
  },
  getPipelineVersion: async () => {
    await owner.send('PUT', '/pipelines/nap', { body: { yaml: nap } })
    expect((await (await api.person()).get('/pipelines/nap/versions/1')).status).toBe(404)
  },
  deletePipeline: async () => {
    await owner.send('PUT', '/pipelines/nap', { body: { yaml: nap } })
    expect((await (await api.person()).send('DELETE', '/pipelines/nap')).status).toBe(404)
    expect((await owner.get('/pipelines/nap')).status).toBe(200)
  },
  applySchedule: async () => {
    await ownersSchedule()
    expect((await stranger.get('/schedules/nap')).status).toBe(404)
    const theirs = await stranger.send('PUT', '/schedules/nap', { body: applied })
    expect(theirs.json).toMatchObject({ change: 'created', schedule: { owner: stranger.email } })
    expect((await owner.get('/schedules/nap')).json.owner).toBe(owner.email)
    await stranger.send('DELETE', '/schedules/nap')
  },
  listSchedules: async () => {
    await ownersSchedule()
    expect((await stranger.get('/schedules')).json.items).toEqual([])
  },
  getSchedule: () => ofSchedule((person, name) => person.get(`/schedules/${name}`)),
  deleteSchedule: () => ofSchedule((person, name) => person.send('DELETE', `/schedules/${name}`)),
  pauseSchedule: () => ofSchedule((person, name) => person.post(`/schedules/${name}/pause`)),
  resumeSchedule: () => ofSchedule((person, name) => person.post(`/schedules/${name}/resume`)),
  triggerSchedule: async () => {
    await ofSchedule((person, name) => person.post(`/schedules/${name}/trigger`))
    const headers = { 'Idempotency-Key': 'same' }
    await owner.post('/schedules/nap/trigger', {}, headers)
    await answersAsUnknown((person, name) => person.post(`/schedules/${name}/trigger`, {}, headers), 'nap')
  },
  simulateSchedules: async () => {
    await owner.send('PUT', '/pipelines/owners', { body: { yaml: nap.replace('name: nap', 'name: owners') } })
    const simulate = (person: Person) =>
      person.post('/schedules/simulate', { pipeline: 'owners', schedule: { every: '1h' } })
    expect((await simulate(owner)).status).toBe(200)
    expect((await simulate(stranger)).json.code).toBe('unknown_pipeline')
  },
  simulateSchedule: () => ofSchedule((person, name) => person.get(`/schedules/${name}/simulation`)),
  listTicks: () => ofSchedule((person, name) => person.get(`/schedules/${name}/ticks`)),
  startBackfill: async () => {
    const range = { from: '2026-04-01', until: '2026-04-02' }
    await ofSchedule((person, name) => person.post(`/schedules/${name}/backfills`, range))
    await ofSchedule((person, name) => person.post(`/schedules/${name}/backfills`, { ...range, plan: true }))
    expect((await owner.get('/schedules/nap/backfills')).json.items).toEqual([])
  },
  listBackfills: () => ofSchedule((person, name) => person.get(`/schedules/${name}/backfills`)),
  getBackfill: () => ofBackfill('GET', ''),
  pauseBackfill: () => ofBackfill('POST', '/pause'),
  resumeBackfill: () => ofBackfill('POST', '/resume'),
  cancelBackfill: () => ofBackfill('POST', '/cancel'),
  startAttempt: 'takes only the token of a worker',
  finishRun: 'takes only the token of a worker',
  retryRun: 'takes only the token of a worker',
  reportProgress: 'takes only the token of a worker',
  appendLogs: 'takes only the token of a worker',
  putOutput: 'takes only the token of a worker',
}

async function seesOnlyTheirOwn(target: string, field: string, foreign: () => string): Promise<void> {
  const { items } = (await stranger.get(target)).json
  expect(items.length).toBeGreaterThan(0)
  expect(items.map((item: Record<string, string>) => item[field])).not.toContain(foreign())
  expect(new Set(items.map((item: { created_by: string }) => item.created_by))).toEqual(
    new Set([stranger.email]),
  )
}

describe('another workspace', () => {
  it('is proven to be out of reach for every operation there is', () => {
    expect(Object.keys(proofs).sort()).toEqual(Object.keys(routes).sort())
  })

  it.each(Object.entries(proofs))('is out of reach for %s', async (id, proof) => {
    const { auth, method, path } = routes[id as OperationId]
    if (proof === 'takes only the token of a worker') {
      expect(auth).toBe('worker')
      const target = path.replace('{job_run_id}', mine.run.uuid).replace('{name}', 'out')
      const refused = await owner.send(method.toUpperCase(), target, { body: { attempt: 1 } })
      expect([refused.status, refused.json.code]).toEqual([403, 'worker_token_required'])
    } else if (proof === 'belongs to no workspace') {
      const ask = (person: Person) =>
        person.send(method.toUpperCase(), path, method === 'get' ? {} : { body: { yaml: nap } })
      expect((await ask(owner)).json).toEqual((await ask(stranger)).json)
    } else await proof()
  })

  it('is out of reach for the handler of another’s run', async () => {
    const theirs = await stranger.run()
    const handler = api.handlerOf(theirs.uuid)
    expect((await handler.get(`/jobs/${mine.job.uuid}`)).status).toBe(404)
    expect((await handler.get('/documents/shared/a.md')).text).toBe(stranger.email)
  })
})
