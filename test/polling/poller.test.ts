import { describe, expect, test } from 'vitest'
import type { PollerOptions, PollWarning, WaitEnd } from '../../src/polling/index.ts'
import { createPoller } from '../../src/polling/index.ts'
import { away, blankRun, FakeApi, refusal, VirtualClock } from './virtual-time.ts'

function bench(options: Partial<PollerOptions> = {}) {
  const clock = new VirtualClock()
  const api = new FakeApi(clock)
  const ends = new Map<string, { end: WaitEnd; atMs: number }>()
  const delivered: string[] = []
  const warnings: PollWarning[] = []
  const poller = createPoller(
    {
      api,
      onWarning: (warning) => warnings.push(warning),
      async deliver(id, end) {
        delivered.push(id)
        ends.set(id, { end, atMs: clock.now() })
        return 'delivered'
      },
      ...options,
    },
    clock,
  )
  const wait = (...uuids: string[]) => {
    for (const uuid of uuids) poller.add({ id: `wait-${uuid}`, ...api.start(uuid) })
  }
  const statusOf = (uuid: string) => {
    const end = ends.get(`wait-${uuid}`)?.end
    return end?.kind === 'ended' ? end.run.status : end?.kind
  }
  return { clock, api, poller, ends, delivered, warnings, wait, statusOf }
}

const names = (count: number, prefix = 'run') =>
  Array.from({ length: count }, (_, index) => `${prefix}-${index}`)
const kinds = (warnings: readonly PollWarning[]) => warnings.map(({ kind }) => kind)

/** Requests in any window of a second, on average over the time and at most. */
function rate(api: FakeApi, fromMs: number, toMs: number): number {
  return (api.requests.filter(({ atMs }) => atMs >= fromMs && atMs < toMs).length * 1000) / (toMs - fromMs)
}

describe('looking', () => {
  test('holds no timer and asks nothing while nobody waits', async () => {
    const { clock, api, poller, wait } = bench()
    await clock.pass(60_000)
    expect([api.requests.length, clock.timers]).toEqual([0, 0])
    wait('a')
    expect(clock.timers).toBe(1)
    poller.remove('wait-a')
    expect(clock.timers).toBe(0)
    wait('b')
    await clock.pass(1_000)
    api.end('b')
    await clock.pass(2_000)
    expect([poller.size(), clock.timers]).toEqual([0, 0])
  })

  test('a few runs are got one by one, many by a list, together with those that are added at the same time', async () => {
    const few = bench()
    few.wait('a', 'b', 'c')
    await few.clock.pass(300)
    expect(few.api.requests.map(({ kind }) => kind)).toEqual(['get', 'get', 'get'])
    const many = bench()
    many.wait(...names(20))
    await many.clock.pass(300)
    expect(many.api.requests).toMatchObject([
      { kind: 'list', query: { statuses: ['pending', 'running', 'paused'] } },
    ])
  })

  test('the interval grows with the age', async () => {
    const { clock, api, wait } = bench()
    wait('a')
    await clock.pass(10_000)
    const young = api.requests.length
    await clock.pass(3_600_000)
    const before = api.requests.length
    await clock.pass(600_000)
    expect(young).toBeGreaterThan(10)
    expect(api.requests.length - before).toBe(20)
  })

  test('many that vanish are confirmed by one list of ended runs, back to the oldest of them by the server’s own time', async () => {
    const { clock, api, wait, statusOf } = bench()
    wait(...names(10, 'old'))
    await clock.pass(5_000)
    const { createdAt } = api.start('marker')
    wait(...names(10, 'new'))
    await clock.pass(5_000)
    api.requests.length = 0
    for (const uuid of names(10, 'new')) api.end(uuid, 'failed')
    await clock.pass(1_500)
    const confirmations = api.requests.filter(
      ({ kind, query }) => kind === 'get' || JSON.stringify(query).includes('failed'),
    )
    expect(confirmations).toMatchObject([
      { query: { statuses: ['completed', 'failed', 'cancelled'], created_after: createdAt } },
    ])
    expect(names(10, 'new').map(statusOf)).toEqual(Array(10).fill('failed'))
    expect(names(10, 'old').map(statusOf)).toEqual(Array(10).fill(undefined))
  })

  test('all pages of a list are read', async () => {
    const { clock, api, ends, wait } = bench()
    api.listed = (items, { cursor }) => {
      const from = Number(cursor ?? 0)
      const page = items.slice(from, from + 7)
      return {
        items: page,
        count: page.length,
        ...(from + 7 < items.length && { next_cursor: String(from + 7) }),
      }
    }
    wait(...names(30))
    await clock.pass(10_000)
    expect(api.requests.filter(({ kind }) => kind === 'get')).toEqual([])
    for (const uuid of names(30)) api.end(uuid)
    await clock.pass(5_000)
    expect(ends.size).toBe(30)
  })

  test.each([
    [100, 5],
    [1_000, 5],
    [100, 2],
  ])(
    '%i runs of 10 s in flight are found soon, and cost no more than %i requests a second',
    async (count, budget) => {
      const { clock, api, poller, ends } = bench({ requestsPerSecond: budget })
      const late: number[] = []
      const endedAt = new Map<string, number>()
      let serial = 0
      const begin = () => {
        const uuid = `run-${serial++}`
        poller.add({ id: uuid, ...api.start(uuid) })
        clock.after(10_000, () => {
          api.end(uuid)
          endedAt.set(uuid, clock.now())
        })
      }
      for (let step = 0; step < 2.5 * count; step++) {
        begin()
        await clock.pass(10_000 / count)
      }
      await clock.pass(15_000)
      for (const [id, { atMs }] of ends) late.push(atMs - (endedAt.get(id) ?? 0))
      late.sort((a, b) => a - b)
      expect(ends.size).toBe(serial)
      expect(late[Math.floor(late.length * 0.99)]).toBeLessThan(budget === 5 ? 1_500 : 4_000)
      expect(rate(api, 0, clock.now())).toBeLessThanOrEqual(budget)
    },
  )
})

describe('what is believed', () => {
  test('a run of another id never counts', async () => {
    const { clock, api, ends, warnings, wait } = bench()
    wait('a')
    api.shown = (run) => ({ ...run, uuid: 'other', status: 'completed' })
    await clock.pass(60_000)
    expect(ends.size).toBe(0)
    expect(kinds(warnings)).toEqual(['look_refused'])
    expect(api.requests.length).toBeLessThan(15)
  })

  test('UUIDs are the same in any case', async () => {
    const { clock, api, poller, ends } = bench()
    const uuid = 'E5F6A7B8-C9D0-1234-EFAB-345678901234'
    poller.add({ id: 'w', jobRunId: uuid, createdAt: '' })
    api.getJobRun = async () => blankRun({ uuid: uuid.toLowerCase(), status: 'completed' })
    await clock.pass(1_000)
    expect(ends.size).toBe(1)
  })

  test('absence from lists ends nothing: capped, stale and empty ones are noticed, and runs are got within the budget', async () => {
    const { clock, api, ends, warnings, wait, statusOf } = bench()
    api.listed = (items) => ({ items: items.slice(0, 5), count: items.length })
    wait(...names(60))
    await clock.pass(60_000)
    expect(ends.size).toBe(0)
    expect(kinds(warnings)).toEqual(['list_short'])
    api.listed = () => ({ items: [], count: 0 })
    await clock.pass(60_000)
    expect(ends.size).toBe(0)
    const from = clock.now()
    api.end('run-30', 'cancelled')
    await clock.pass(60_000)
    expect(statusOf('run-30')).toBe('cancelled')
    expect(ends.size).toBe(1)
    expect(rate(api, from, clock.now())).toBeLessThanOrEqual(5)
    // Lists that tell nothing are not asked for all the time.
    const lists = api.requests.filter(({ atMs, kind }) => kind === 'list' && atMs > from).length
    expect(lists).toBeLessThan(30)
  })

  test('an ignored filter, and a refused one, change what is asked and nothing else', async () => {
    for (const habit of ['ignored', 'refused'] as const) {
      const { clock, api, ends, wait } = bench()
      const { listJobRuns } = api
      api.listJobRuns = habit === 'ignored' ? async () => listJobRuns({}) : listJobRuns
      api.fault = ({ query }) =>
        habit === 'refused' && query?.['statuses'] ? refusal(422, 'unknown parameter') : 'proceed'
      wait(...names(30))
      await clock.pass(10_000)
      for (const uuid of names(20)) api.end(uuid)
      await clock.pass(5_000)
      expect(ends.size, habit).toBe(20)
    }
  })

  test('servers without any list are asked for run after run', async () => {
    const { clock, api, ends, warnings, poller, wait } = bench()
    api.fault = ({ kind }) => (kind === 'list' ? refusal(405, 'no') : 'proceed')
    wait(...names(30))
    await clock.pass(10_000)
    for (const uuid of names(30)) api.end(uuid)
    await clock.pass(10_000)
    expect(ends.size).toBe(30)
    expect(kinds(warnings)).toEqual(['list_refused'])
    expect(poller.trouble()).toBeNull()
    expect(rate(api, 0, clock.now())).toBeLessThanOrEqual(5.3)
  })

  test('a status that nobody knows is no end, and is told of after ten minutes', async () => {
    const { clock, api, ends, warnings, wait, statusOf } = bench()
    wait(...names(20))
    for (const uuid of names(3)) api.end(uuid, 'hibernating')
    await clock.pass(595_000)
    expect([ends.size, kinds(warnings)]).toEqual([0, []])
    await clock.pass(65_000)
    expect(kinds(warnings)).toEqual(['unknown_status', 'unknown_status', 'unknown_status'])
    api.end('run-0')
    await clock.pass(65_000)
    expect(statusOf('run-0')).toBe('completed')
  })

  test('statuses with other names are found by lists of what ended', async () => {
    const { clock, api, ends, wait } = bench()
    for (const uuid of names(200)) api.start(uuid)
    api.shown = (run) => (run.status === 'running' ? { ...run, status: 'in_progress' } : run)
    const { listJobRuns } = api
    api.listJobRuns = async (query = {}) =>
      (query['statuses'] as string[] | undefined)?.includes('running')
        ? { ...(await listJobRuns(query)), items: [], count: 0 }
        : listJobRuns(query)
    wait(...names(200))
    await clock.pass(120_000)
    for (const uuid of names(200)) api.end(uuid)
    await clock.pass(30_000)
    expect(ends.size).toBe(200)
  })

  test('an end stays the end, and a return from it is told of', async () => {
    let isAway = true
    const { clock, api, warnings, poller, wait } = bench({
      async deliver() {
        if (isAway) throw new Error('Temporal is away')
        return 'delivered'
      },
    })
    wait(...names(10))
    await clock.pass(5_000)
    for (const uuid of names(5)) api.end(uuid)
    await clock.pass(5_000)
    for (const uuid of names(5)) api.end(uuid, 'running')
    await clock.pass(5_000)
    expect(kinds(warnings)).toEqual(Array(5).fill('status_went_back'))
    expect(poller.lastSeen('run-0')?.status).toBe('completed')
    isAway = false
    await clock.pass(15_000)
    expect(poller.size()).toBe(5)
  })

  test('"no such run" is believed when it lasts, and something else shows that the server is the right one', async () => {
    const { clock, api, ends, wait, statusOf } = bench({ listingMs: 30_000 })
    wait('late', 'gone', 'other')
    api.runs.delete('gone')
    const late = api.runs.get('late')
    api.runs.delete('late')
    await clock.pass(20_000)
    if (late) api.runs.set('late', { ...late, status: 'completed' })
    await clock.pass(8_000)
    expect([...ends.keys()]).toEqual(['wait-late'])
    await clock.pass(20_000)
    expect([statusOf('gone'), statusOf('other')]).toEqual(['gone', undefined])
  })

  test('a server that knows no run at all any more is not believed for long', async () => {
    const { clock, api, ends, wait } = bench({ listingMs: 1_000 })
    wait(...names(10))
    await clock.pass(10_000)
    api.fault = () => refusal(404, 'Not Found')
    await clock.pass(40_000)
    expect(ends.size).toBe(0)
    api.fault = () => 'proceed'
    await clock.pass(10_000)
    for (const uuid of names(10)) api.end(uuid)
    await clock.pass(10_000)
    expect([...ends.values()].map(({ end }) => end.kind)).toEqual(Array(10).fill('ended'))
  })
})

describe('trouble', () => {
  test.each([
    ['nobody there', away],
    ['500', () => refusal(500, 'oops')],
    ['401', () => refusal(401, 'Token has expired')],
    ['403', () => refusal(403, 'not for you')],
  ])('an outage of ten minutes with 1,000 waits: %s', async (_name, fault) => {
    const { clock, api, poller, ends, warnings, wait } = bench()
    wait(...names(1_000))
    await clock.pass(30_000)
    api.fault = fault
    const from = clock.now()
    api.requests.length = 0
    await clock.pass(300_000)
    for (const uuid of names(500)) api.end(uuid)
    expect(poller.trouble()).toMatchObject({ message: expect.any(String) })
    await clock.pass(300_000)
    expect(ends.size).toBe(0)
    expect(api.requests.length).toBeLessThanOrEqual(600 / 5 + 1)
    const over = clock.now()
    api.fault = () => 'proceed'
    await clock.pass(10_000)
    expect(ends.size).toBe(500)
    expect(poller.trouble()).toBeNull()
    expect(kinds(warnings)).toEqual(['outage_began', 'outage_ended'])
    expect(rate(api, over, over + 10_000)).toBeLessThanOrEqual(5)
    expect(from).toBeLessThan(over)
  })

  test('requests that hang do not make it longer, nor begin another one when they fail at last', async () => {
    const { clock, api, ends, warnings, wait } = bench()
    wait(...names(100))
    await clock.pass(10_000)
    const { getJobRun, listJobRuns } = api
    let isHanging = true
    const hang = async (ms: number) => {
      await clock.sleep(ms)
      throw refusal(504, 'timeout')
    }
    api.getJobRun = async (uuid) => (isHanging ? hang(12_000) : getJobRun(uuid))
    api.listJobRuns = async (query) => (isHanging ? hang(60_000) : listJobRuns(query))
    for (const uuid of names(100)) {
      poke(uuid)
      api.end(uuid)
    }
    await clock.pass(60_000)
    isHanging = false
    await clock.pass(10_000)
    expect(ends.size).toBe(100)
    await clock.pass(60_000)
    expect(kinds(warnings)).toEqual(['outage_began', 'outage_ended'])

    /** Some are looked at alone while the list hangs. */
    function poke(uuid: string): void {
      if (uuid.endsWith('7')) api.end(uuid, 'running')
    }
  })

  test('runs whose requests still hang are asked for again when the server is back', async () => {
    const { clock, api, ends, wait } = bench()
    wait('a', 'b', 'c')
    await clock.pass(10_000)
    const { getJobRun } = api
    let isHanging = true
    api.getJobRun = async (uuid) => {
      if (!isHanging) return getJobRun(uuid)
      await clock.sleep(30_000)
      throw refusal(504, 'timeout')
    }
    await clock.pass(121_000)
    for (const uuid of ['a', 'b', 'c']) api.end(uuid)
    isHanging = false
    await clock.pass(7_000)
    expect(ends.size).toBe(3)
  })

  test('a proxy that answers 404 to everything for a minute does not cost the lists', async () => {
    const { clock, api, ends, wait } = bench()
    wait(...names(500))
    await clock.pass(10_000)
    api.fault = () => refusal(404, 'no such backend')
    await clock.pass(55_000)
    for (const uuid of names(500)) api.end(uuid)
    expect(ends.size).toBe(0)
    api.fault = () => 'proceed'
    await clock.pass(15_000)
    expect(ends.size).toBe(500)
  })

  test('after an outage come no more requests at once than the budget has in a moment', async () => {
    const { clock, api, wait } = bench()
    const isList = refusal(405, 'no')
    api.fault = ({ kind }) => (kind === 'list' ? isList : 'proceed')
    wait(...names(100))
    await clock.pass(10_000)
    api.fault = away
    await clock.pass(60_000)
    api.fault = ({ kind }) => (kind === 'list' ? isList : 'proceed')
    api.requests.length = 0
    await clock.pass(10_000)
    const [probe] = api.requests
    const soon = api.requests.filter(({ atMs }) => atMs <= (probe?.atMs ?? 0) + 1_000)
    expect(soon.length).toBeLessThanOrEqual(8)
  })

  test('Retry-After is obeyed, and nothing comes as a storm after it', async () => {
    const { clock, api, poller, ends, warnings, wait } = bench()
    wait(...names(100))
    await clock.pass(10_000)
    let isThrottling = true
    api.fault = () => (isThrottling ? refusal(429, 'slow down', 120_000) : 'proceed')
    await clock.pass(2_000)
    api.requests.length = 0
    isThrottling = false
    for (const uuid of names(100)) api.end(uuid)
    await clock.pass(100_000)
    expect(api.requests).toEqual([])
    expect(poller.trouble()?.message).toContain('slow down')
    const from = clock.now() + 15_000
    await clock.pass(30_000)
    expect(ends.size).toBe(100)
    expect(kinds(warnings)).toEqual(['paused'])
    expect(rate(api, from, from + 10_000)).toBeLessThanOrEqual(5)
  })

  test('lists that fail while runs can be got are no outage', async () => {
    const { clock, api, poller, ends, warnings, wait } = bench()
    api.fault = ({ kind }) => (kind === 'list' ? refusal(500, 'too much') : 'proceed')
    wait(...names(20))
    await clock.pass(30_000)
    expect(poller.trouble()).toBeNull()
    for (const uuid of names(20)) api.end(uuid)
    await clock.pass(20_000)
    expect(ends.size).toBe(20)
    expect(kinds(warnings)).toEqual(['list_refused'])
  })

  test('a run that cannot be got holds up no other', async () => {
    const { clock, api, ends, wait } = bench()
    api.fault = ({ id }) => (id === 'bad' ? refusal(500, 'oops') : 'proceed')
    wait('bad', 'good')
    await clock.pass(60_000)
    api.end('good')
    const from = api.requests.length
    await clock.pass(6_000)
    expect([...ends.keys()]).toEqual(['wait-good'])
    expect(api.requests.length - from).toBeLessThan(6)
  })
})

describe('handing over', () => {
  test('each end once, to everyone who waits for the run', async () => {
    const { clock, api, poller, delivered, wait } = bench()
    wait('a')
    poller.add({ id: 'second', jobRunId: 'a', createdAt: '' })
    poller.add({ id: 'second', jobRunId: 'a', createdAt: '' })
    await clock.pass(1_000)
    api.end('a')
    await clock.pass(60_000)
    expect(delivered.toSorted()).toEqual(['second', 'wait-a'])
  })

  test('"not now" is tried for a few seconds, then left; who comes back is told at once', async () => {
    let answer: 'delivered' | 'not_now' = 'not_now'
    const tries: number[] = []
    const { clock, api, poller, wait } = bench({
      async deliver() {
        tries.push(clock.now())
        return answer
      },
    })
    wait('a')
    await clock.pass(1_000)
    api.end('a')
    await clock.pass(30_000)
    expect(tries.length).toBeGreaterThan(5)
    expect((tries.at(-1) ?? 0) - (tries[0] ?? 0)).toBeLessThan(6_000)
    expect([poller.size(), poller.lastSeen('a')?.status]).toEqual([0, 'completed'])
    const requests = api.requests.length
    answer = 'delivered'
    poller.add({ id: 'wait-a', jobRunId: 'a', createdAt: '' })
    await clock.pass(1_000)
    expect([poller.size(), poller.lastSeen('a'), api.requests.length]).toEqual([0, undefined, requests])
  })

  test('who throws is tried again, and holds up nobody; so many at a time', async () => {
    let running = 0
    let most = 0
    let isBroken = true
    const told: string[] = []
    const { clock, api, poller, wait } = bench({
      async deliver(id) {
        running += 1
        most = Math.max(most, running)
        await clock.sleep(50)
        running -= 1
        if (isBroken && id.endsWith('0')) throw new Error('away')
        told.push(id)
        return 'delivered'
      },
    })
    wait(...names(200))
    await clock.pass(1_000)
    for (const uuid of names(200)) api.end(uuid)
    await clock.pass(60_000)
    expect([told.length, poller.size(), most]).toEqual([180, 20, 50])
    isBroken = false
    await clock.pass(15_000)
    expect([told.length, poller.size()]).toEqual([200, 0])
  })

  test('who was removed is told nothing', async () => {
    const { clock, api, poller, delivered, wait } = bench()
    wait('a')
    await clock.pass(1_000)
    api.end('a')
    poller.remove('wait-a')
    await clock.pass(60_000)
    expect(delivered).toEqual([])
  })

  test('a stop ends everything, and gives back what is open', async () => {
    const { clock, api, poller, delivered, wait } = bench()
    wait(...names(20))
    await clock.pass(1_000)
    for (const uuid of names(20)) api.end(uuid)
    const stopped = poller.stop()
    await clock.pass(60_000)
    expect((await stopped).map(({ id }) => id)).toEqual(names(20).map((uuid) => `wait-${uuid}`))
    const requests = api.requests.length
    poller.add({ id: 'x', ...api.start('x') })
    await clock.pass(60_000)
    expect([delivered, api.requests.length]).toEqual([[], requests])
  })
})
