import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { describe, expect, test } from 'vitest'
import { JobsClient } from '../../src/client/index.ts'
import { createPoller, type PollWarning, type WaitEnd } from '../../src/polling/index.ts'
import { type ForeignServer, type Habits, startForeignServer } from '../foreign-server/index.ts'
import { until } from '../helpers/until.ts'

/** Twelve runs on a real server with a habit; what was found of each, and what the server itself says. */
async function waitOn(
  habits: Partial<Habits>,
  meanwhile?: (server: ForeignServer) => Promise<void>,
): Promise<{ found: Map<string, WaitEnd>; warnings: PollWarning[]; server: ForeignServer }> {
  const server = await startForeignServer({ habits })
  const found = new Map<string, WaitEnd>()
  const warnings: PollWarning[] = []
  const early: string[] = []
  const api = new JobsClient({ baseUrl: server.url, token: server.token })
  const poller = createPoller({
    api,
    requestsPerSecond: 50,
    listingMs: 5_000,
    onWarning: (warning) => warnings.push(warning),
    async deliver(id, end) {
      const last = server.runs.get(id)?.history.at(-1)?.status ?? ''
      if (!['completed', 'failed', 'cancelled'].includes(last)) early.push(id)
      found.set(id, end)
      return 'delivered'
    },
  })
  try {
    const job = await api.createJob({ job_type: 'work', config: { job_type: 'work' } })
    for (let index = 0; index < 12; index += 1) {
      const config = { duration_ms: 100 + index * 150, fail: index % 3 === 0 }
      const { uuid, created_at: createdAt } = await api.createJobRun({ job_id: job.uuid, config })
      poller.add({ id: uuid, jobRunId: uuid, createdAt })
    }
    await meanwhile?.(server)
    await until('all ends', () => found.size === 12)
    expect(poller.size()).toBe(0)
    expect(early).toEqual([])
    return { found, warnings, server }
  } finally {
    await poller.stop()
    await server.stop()
  }
}

const habits: [name: string, habits: Partial<Habits>][] = [
  ['none', {}],
  ['lists that lag', { listLagMs: 700 }],
  ['lists that are cut', { listCap: 2 }],
  ['filters without effect', { ignoredFilters: ['statuses', 'created_after'] }],
  ['counts that are wrong', { count: 'wrong' }],
  ['ids that are no UUIDs', { ids: 'text' }],
  ['pages of HTML for lists', { html: ['list_runs'] }],
  ['runs that cannot be seen at first', { runInvisibleMs: 600 }],
  ['other names of statuses', { statusNames: { pending: 'queued', running: 'in_progress' } }],
  ['times with an offset, of a clock that is hours off', { timestamps: 'offset', clockOffMs: -7_200_000 }],
  ['compressed answers in any order', { gzip: true, listOrder: 'mixed' }],
  ['slow lists', { slowAnswerMs: { list_runs: 1_200 } }],
]

describe('on a real server', () => {
  test.concurrent.each(habits)('every end is found: %s', async (_name, habit) => {
    const { found, server } = await waitOn(habit)
    for (const [id, end] of found)
      expect(end).toMatchObject({
        kind: 'ended',
        run: { status: server.runs.get(id)?.history.at(-1)?.status },
      })
  })

  test.concurrent('a token that expires and comes back', async () => {
    const { warnings } = await waitOn({}, async (server) => {
      server.habits.token = 'another one that is long enough'
      await until('a refusal', () => server.log.some(({ status }) => status === 401))
      server.habits.token = undefined
    })
    expect(warnings.map(({ kind }) => kind)).toEqual(['outage_began', 'outage_ended'])
    expect(warnings[0]?.message).toContain('token')
  })

  test.concurrent('a process may end while something waits', async () => {
    const code = `
      const { createPoller } = await import('${new URL('../../src/polling/index.ts', import.meta.url)}')
      const api = { getJobRun: async (uuid) => ({ uuid, status: 'running' }) }
      const poller = createPoller({ api, deliver: async () => 'delivered', onWarning() {} })
      poller.add({ id: 'a', jobRunId: 'a', createdAt: '' })`
    const child = spawn(process.execPath, ['--input-type=module', '-e', code], { stdio: 'inherit' })
    expect(await once(child, 'exit')).toEqual([0, null])
  })
})
