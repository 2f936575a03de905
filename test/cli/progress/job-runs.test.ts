import { expect, test } from 'vitest'
import { renderBlock } from '../../../src/cli/progress/block.ts'
import { createJobRunProgress } from '../../../src/cli/progress/job-runs.ts'
import { changeLines } from '../../../src/cli/progress/lines.ts'
import { JobsClient } from '../../../src/client/index.ts'
import { json, startFaultServer } from '../../client/fault-server.ts'
import { at, iso, runView, scriptedContext, stepView } from '../helpers.ts'

const id = (n: number) => `0197aaaa-0000-7000-8000-${String(n).padStart(12, '0')}`
const open = (n: number) =>
  stepView(`s${n}`, { generation: 1, status: 'running', job_run_id: id(n), started_at: iso(0) })

const elsewhere = scriptedContext({})

test('what handlers say is joined, for a few runs at a time, and each has its turn', async () => {
  await using server = await startFaultServer((response, request, nth) =>
    json(200, {
      uuid: request.url.split('/').at(-1),
      job_id: id(0),
      job_name: 'j',
      config: {},
      status: 'running',
      progress: { fraction: 0.4, message: 'page 3' },
      output_references: [],
    })(response, request, nth),
  )
  const api = new JobsClient({ baseUrl: server.baseUrl, token: 't' })
  const progress = createJobRunProgress({ ...elsewhere, api: async () => api })
  const view = runView(Array.from({ length: 15 }, (_, n) => open(n)))
  expect(await progress.look(view)).toBe(true)
  expect(server.requests).toHaveLength(10)
  expect(await progress.look(view)).toBe(true)
  expect(await progress.look(view)).toBe(false)
  const [first] = progress.join(view).steps
  expect(first?.progress).toEqual({ fraction: 0.4, message: 'page 3' })
  expect(progress.join(view).steps.every((step) => step.progress)).toBe(true)

  const drawn = renderBlock(progress.join(view), at(1), 100, (_format, text) => text)
  expect(drawn[1]).toContain('40% page 3  run 0197aaaa')
  const said = new Map<string, string>()
  const one = runView([open(0)])
  changeLines(said, one, at(1))
  expect(changeLines(said, progress.join(one), at(2))).toMatchObject([
    expect.stringContaining('step s0 running 40% page 3 run'),
  ])
  expect(changeLines(said, progress.join(one), at(3))).toEqual([])
})

test('without a Jobs API, and for runs that it does not know, the view does without', async () => {
  await using server = await startFaultServer(json(404, { code: 'unknown_job_run' }))
  const view = runView([open(1)])
  const none = createJobRunProgress({ ...elsewhere, api: () => Promise.reject(new Error('none')) })
  expect(await none.look(view)).toBe(false)
  const api = new JobsClient({ baseUrl: server.baseUrl, token: 't' })
  const other = createJobRunProgress({ ...elsewhere, api: async () => api })
  expect(await other.look(view)).toBe(false)
  const asked = server.requests.length
  expect(await other.look(view)).toBe(false)
  expect(server.requests).toHaveLength(asked)
  expect(other.join(view)).toEqual(view)
})

test('of a foreign server the status is joined, for fewer runs at a time, where the configuration has the connection', async () => {
  await using server = await startFaultServer((response, request, nth) =>
    json(200, { uuid: request.url.split('/').at(-1), job_id: id(0), status: 'running' })(
      response,
      request,
      nth,
    ),
  )
  const connections = async () => ({ hosted: { url: server.baseUrl, token: 't' } })
  const progress = createJobRunProgress({ ...elsewhere, connections })
  const steps = Array.from({ length: 5 }, (_, n) => ({ ...open(n), status: 'pending' as const }))
  const view = { ...runView(steps), connection: { name: 'hosted', mode: 'strict' as const, promise: null } }
  expect(await progress.look(view)).toBe(true)
  expect(server.requests).toHaveLength(2)
  expect(progress.join(view).steps.map(({ status }) => status)).toEqual([
    'running',
    'running',
    'pending',
    'pending',
    'pending',
  ])
})
