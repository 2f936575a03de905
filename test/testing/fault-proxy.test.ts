import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { JobsApiError, JobsClient } from '../../src/client/index.ts'
import {
  type Fault,
  type FaultKind,
  type FaultProxy,
  type FaultRule,
  faultKinds,
  type HeldExchange,
  judge,
  scriptFromSeed,
  startFaultProxy,
} from '../../src/testing/index.ts'
import { type ForeignServer, startForeignServer } from '../foreign-server/index.ts'
import { startProcess } from '../helpers/processes.ts'
import { until } from '../helpers/until.ts'

let server: ForeignServer
let proxy: FaultProxy
let api: JobsClient
let jobId: string
beforeEach(async () => {
  server = await startForeignServer({ manual: true })
  proxy = await startFaultProxy({ target: server.url })
  api = new JobsClient({ baseUrl: proxy.url, token: server.token })
  jobId = (await api.createJob({ job_type: 'work' })).uuid
})
afterEach(async () => {
  await proxy.stop()
  await server.stop()
})

const goWrong = (...rules: FaultRule[]) => proxy.setScript({ rules })
const failure = async (work: Promise<unknown>): Promise<Pick<JobsApiError, 'kind' | 'code'>> => {
  try {
    await work
  } catch (error) {
    if (error instanceof JobsApiError) return error
    throw error
  }
  throw new Error('it went well')
}

const triggers: { [K in FaultKind]?: { fault: Fault; kind: string; code: string; runs: number } } = {
  drop_request: { fault: { kind: 'drop_request' }, kind: 'ambiguous', code: 'connection_lost', runs: 0 },
  drop_answer: { fault: { kind: 'drop_answer' }, kind: 'ambiguous', code: 'connection_lost', runs: 1 },
  delay_answer: { fault: { kind: 'delay_answer', ms: 60_000 }, kind: 'ambiguous', code: 'timeout', runs: 1 },
  deliver_late: {
    fault: { kind: 'deliver_late', afterMs: 100 },
    kind: 'ambiguous',
    code: 'connection_lost',
    runs: 1,
  },
  server_error: {
    fault: { kind: 'server_error', status: 503, isDone: true },
    kind: 'ambiguous',
    code: 'http_503',
    runs: 1,
  },
  rate_limit: {
    fault: { kind: 'rate_limit', retryAfter: 'soon' },
    kind: 'ambiguous',
    code: 'http_429',
    runs: 0,
  },
  truncated_json: { fault: { kind: 'truncated_json' }, kind: 'ambiguous', code: 'connection_lost', runs: 1 },
  html: { fault: { kind: 'html', isDone: false }, kind: 'ambiguous', code: 'unexpected_response', runs: 0 },
  slow_loris: { fault: { kind: 'slow_loris', byteEveryMs: 50 }, kind: 'ambiguous', code: 'timeout', runs: 1 },
  reset: { fault: { kind: 'reset' }, kind: 'ambiguous', code: 'connection_lost', runs: 1 },
}

test.each(Object.entries(triggers))(
  '%s of a trigger: what the client learns, and what the server did',
  async (name, expected) => {
    const { fault, runs, ...seen } = expected
    goWrong({ operation: 'createJobRun', nth: 1, fault })
    // Time enough for the server to do it first; both faults last longer.
    const timeoutMs = seen.code === 'timeout' ? 3_000 : 30_000
    const error = await failure(api.createJobRun({ job_id: jobId }, { timeoutMs }))
    expect({ kind: error.kind, code: error.code }).toEqual(seen)
    await proxy.drained()
    expect(server.runs.size).toBe(runs)
    const entry = await until('the exchange is over', () => proxy.log.find((one) => one.fault !== undefined))
    expect(entry).toMatchObject({ operation: 'createJobRun', nth: 1, fault: { kind: name }, isHit: true })
    // The second call is another one.
    await api.createJobRun({ job_id: jobId })
    expect(server.runs.size).toBe(runs + 1)
    await proxy.drained()
    for (const { uuid } of server.runs.values()) server.endRun(uuid, 'completed')
    const truth = [...server.log, ...server.changes]
    expect(judge(truth).map(({ rule }) => rule)).toEqual(runs === 1 ? ['doubled'] : [])
  },
)

test('what is delivered late arrives after its client has gone', async () => {
  goWrong({ operation: 'createJobRun', fault: { kind: 'deliver_late', afterMs: 150 } })
  await failure(api.createJobRun({ job_id: jobId }))
  await proxy.drained()
  expect(server.runs.size).toBe(1)
  const [entry] = proxy.serverLog.filter(({ event }) => event === 'request').slice(-1)
  const sentAtMs = proxy.log.at(-1)?.atMs ?? 0
  expect(entry).toMatchObject({ made: { job_id: jobId }, sentAtMs, answered: false })
  // Timers may be early by the part of a millisecond.
  expect((entry?.atMs ?? 0) - sentAtMs).toBeGreaterThanOrEqual(149)
})

test('a doubled trigger makes a second run, of which the server knows that the network made it', async () => {
  goWrong({ operation: 'createJobRun', fault: { kind: 'duplicate', afterMs: 20 } })
  await api.createJobRun({ job_id: jobId })
  await proxy.drained()
  const truth = [...server.log, ...server.changes]
  expect(server.runs.size).toBe(2)
  expect(judge(truth).map(({ rule }) => rule)).toEqual(['left_active', 'left_active'])
  expect(judge(proxy.serverLog, { isOver: false })).toEqual([])
})

test('429 carries its Retry-After as it was written', async () => {
  goWrong({ operation: 'getJob', fault: { kind: 'rate_limit', retryAfter: '7' } })
  expect(await failure(api.getJob(jobId))).toMatchObject({ retryAfterMs: 7_000 })
})

test('a stale list lacks what was made just now, and nothing else', async () => {
  const stranger = server.addRun(jobId)
  const run = await api.createJobRun({ job_id: jobId })
  goWrong({ operation: 'listJobRuns', nth: 1, fault: { kind: 'stale_list', byMs: 600_000 } })
  const list = async () => (await api.listJobRuns({ job_id: jobId })).items.map(({ uuid }) => uuid)
  expect(await list()).toEqual([stranger.uuid])
  expect((await list()).toSorted()).toEqual([stranger.uuid, run.uuid].toSorted())
})

test('404 is answered right after something was made, and only then', async () => {
  const run = await api.createJobRun({ job_id: jobId })
  const planted = server.addRun(jobId)
  const rule = (withinMs: number): FaultRule => ({ fault: { kind: 'not_found', withinMs } })
  goWrong(rule(600_000))
  expect((await failure(api.getJobRun(run.uuid))).code).toBe('http_404')
  expect((await api.getJobRun(planted.uuid)).uuid).toBe(planted.uuid)
  expect(proxy.log.at(-1)).toMatchObject({ isHit: false })
  goWrong(rule(0))
  expect((await api.getJobRun(run.uuid)).uuid).toBe(run.uuid)
})

test('a status goes back only once it was told', async () => {
  const run = await api.createJobRun({ job_id: jobId })
  server.endRun(run.uuid, 'completed')
  goWrong({ operation: 'getJobRun', fault: { kind: 'status_back' } })
  expect((await api.getJobRun(run.uuid)).status).toBe('completed')
  expect((await api.getJobRun(run.uuid)).status).toBe('running')
  expect(proxy.log.slice(-2).map(({ isHit }) => isHit)).toEqual([false, true])
})

test('a run that is under way has a status that nobody knows', async () => {
  const run = await api.createJobRun({ job_id: jobId })
  goWrong({ operation: 'listJobRuns', fault: { kind: 'unknown_status', status: 'queued' } })
  expect((await api.listJobRuns({ job_id: jobId })).items.map(({ status }) => status)).toEqual(['queued'])
  expect((await api.getJobRun(run.uuid)).status).not.toBe('queued')
})

test('every kind of fault is shown here', () => {
  const alone = ['duplicate', 'stale_list', 'not_found', 'status_back', 'unknown_status']
  expect([...Object.keys(triggers), ...alone].toSorted()).toEqual(faultKinds.toSorted())
})

test('without a script everything passes as it is, compressed answers and redirects too', async () => {
  const raw = (url: string) => fetch(url, { headers: { authorization: `Bearer ${server.token}` } })
  server.habits.gzip = true
  server.habits.redirect = { endpoints: ['get_job'], status: 307, to: 'same' }
  const answer = await raw(`${proxy.url}/jobs/${jobId}`)
  expect(new URL(answer.url).origin).toBe(new URL(proxy.url).origin)
  expect(((await answer.json()) as { uuid: string }).uuid).toBe(jobId)
  expect(await (await raw(`${proxy.url}/nothing?a=1&a=2`)).json()).toEqual({ detail: 'Not Found' })
  expect(server.log.at(-1)).toMatchObject({ path: '/nothing', query: { a: ['1', '2'] } })
  expect(await api.getLatestRun(jobId)).toBeUndefined()
})

describe('a seed', () => {
  test('leads to one script, as plain data, of bounded rate', () => {
    const options = { rate: 0.3, calls: 500, mostInARow: 2 }
    const script = scriptFromSeed('night', options)
    expect(scriptFromSeed('night', options)).toEqual(script)
    expect(JSON.parse(JSON.stringify(script))).toEqual(script)
    expect(scriptFromSeed('day', options)).not.toEqual(script)
    const hits = script.rules
      .filter(({ operation }) => operation === 'createJobRun')
      .map(({ nth }) => Number(nth))
    expect(hits.length / 500).toBeGreaterThan(0.15)
    expect(hits.length / 500).toBeLessThan(0.4)
    expect(hits.some((nth) => hits.includes(nth + 1) && hits.includes(nth + 2))).toBe(false)
  })

  test('doubles no trigger unless it is told to', () => {
    const doubled = (doublesTriggers: boolean) =>
      scriptFromSeed(1, { doublesTriggers, kinds: ['duplicate'], rate: 1 }).rules.some(
        ({ operation }) => operation === 'createJobRun',
      )
    expect([doubled(false), doubled(true)]).toEqual([false, true])
  })

  test('draws every kind of fault within the bounds', () => {
    const bounds = { timeoutMs: 300, deliveryMs: 200, listingMs: 100 }
    const { rules } = scriptFromSeed(3, { bounds, rate: 0.9, calls: 300 })
    const faults = rules.map(({ fault }) => fault)
    expect(new Set(faults.map(({ kind }) => kind))).toEqual(new Set(faultKinds))
    for (const fault of faults) {
      if (fault.kind === 'deliver_late') expect(fault.afterMs).toBeLessThan(200)
      if (fault.kind === 'delay_answer') expect(fault.ms).toBeGreaterThan(300)
      if (fault.kind === 'stale_list') expect(fault.byMs).toBe(100)
    }
  })
})

describe('an exchange is held', () => {
  test.each([
    ['before_send', 0, undefined],
    ['after_send', undefined, undefined],
    ['after_commit', 1, 200],
    ['before_answer', 1, 200],
    ['after_answer', 1, 200],
  ] as const)('%s', async (at, runs, status) => {
    const hold = proxy.onPoint({ at, operation: 'createJobRun', nth: 2 }, ({ answer, isClientWaiting }) => {
      if (runs !== undefined) expect(server.runs.size).toBe(runs + 1)
      expect(answer?.status).toBe(status)
      if (at !== 'after_answer') expect(isClientWaiting()).toBe(true)
    })
    await api.createJobRun({ job_id: jobId })
    expect(hold.isReached).toBe(false)
    await api.createJobRun({ job_id: jobId })
    await hold.reached
    expect(hold.isReached).toBe(true)
  })

  test('while a client is killed, whose request goes on to the server all the same', async () => {
    const call = `await fetch('${proxy.url}/job-runs', {
      method: 'POST',
      headers: { authorization: 'Bearer ${server.token}', 'content-type': 'application/json' },
      body: JSON.stringify({ job_id: '${jobId}' }),
    })`
    const client = startProcess(process.execPath, ['--input-type=module', '--eval', call], {})
    const hold = proxy.onPoint(
      { at: 'before_send', operation: 'createJobRun' },
      async ({ isClientWaiting }) => {
        await client.kill()
        await until('the connection is gone', () => !isClientWaiting())
      },
    )
    await hold.reached
    await proxy.drained()
    expect(hold.isReached).toBe(true)
    expect(server.runs.size).toBe(1)
    expect(proxy.log.at(-1)).toMatchObject({ operation: 'createJobRun', client: 'gone', serverStatus: 200 })
    expect(proxy.serverLog.at(-2)).toMatchObject({ made: { job_id: jobId }, answered: false })
  })

  test('of those that `where` says yes to, once, also when another one comes by meanwhile', async () => {
    const where = ({ path, query }: HeldExchange) => path === '/job-runs' && query.get('job_id') === jobId
    const second = Promise.withResolvers<void>()
    let count = 0
    const hold = proxy.onPoint({ at: 'after_commit', where }, () => second.promise)
    const next = proxy.onPoint({ at: 'after_commit', where }, () => {
      count += 1
    })
    await api.listJobRuns()
    expect(hold.isReached).toBe(false)
    const held = api.listJobRuns({ job_id: jobId })
    await until('it is held', () => hold.isReached)
    await api.listJobRuns({ job_id: jobId })
    await next.reached
    second.resolve()
    await Promise.all([held, hold.reached])
    expect(count).toBe(1)
  })

  test('and cut, so that its client never knows', async () => {
    const hold = proxy.onPoint({ at: 'after_commit', operation: 'createJobRun' }, ({ cut }) => cut())
    expect((await failure(api.createJobRun({ job_id: jobId }))).code).toBe('connection_lost')
    await hold.reached
    expect(server.runs.size).toBe(1)
    await until('it is noted', () => proxy.log.at(-1)?.client === 'gone')
  })

  test('at no point that is taken back, or whose server is away', async () => {
    const hold = proxy.onPoint({ at: 'after_send', operation: 'getJob' }, () => {})
    await server.stop()
    expect((await failure(api.getJob(jobId))).code).toBe('connection_lost')
    expect(hold.isReached).toBe(false)
    hold.takeBack()
    await expect(hold.reached).rejects.toThrow('after_send of getJob')
  })

  test('and what goes wrong meanwhile is told, after the exchange has gone on', async () => {
    const hold = proxy.onPoint({ at: 'after_commit' }, () => {
      throw new Error('no such process')
    })
    await api.getJob(jobId)
    await expect(hold.reached).rejects.toThrow('no such process')
  })
})

test('a client that sends again without a look is found out by some seed, one that never does by none', async () => {
  const seeding = { rate: 0.5, bounds: { timeoutMs: 100, deliveryMs: 50, listingMs: 50 } }
  const trigger = async (seed: number, tries: number): Promise<boolean> => {
    const job = await new JobsClient({ baseUrl: server.url, token: server.token }).createJob({
      job_type: 'work',
    })
    proxy.setScript(scriptFromSeed(seed, seeding))
    for (let count = 0; count < tries; count++) {
      const body = { job_id: job.uuid }
      const run = await api.createJobRun(body, { timeoutMs: 100 }).catch(() => undefined)
      if (run !== undefined) break
    }
    await proxy.drained()
    const truth = [...server.log, ...server.changes].filter(
      (entry) => entry.event === 'run_status' || entry.made?.job_id === job.uuid,
    )
    return judge(truth, { isOver: false }).some(({ rule }) => rule === 'doubled')
  }
  const seeds = [1, 2, 3, 4, 5, 6, 7, 8]
  const found = { naive: [] as number[], once: [] as number[] }
  for (const seed of seeds) {
    if (await trigger(seed, 5)) found.naive.push(seed)
    if (await trigger(seed, 1)) found.once.push(seed)
  }
  expect(found.naive.length, `seeds ${seeds}`).toBeGreaterThan(0)
  expect(found.once).toEqual([])
})
