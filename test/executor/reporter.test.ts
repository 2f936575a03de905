import { setImmediate } from 'node:timers/promises'
import { describe, expect, onTestFinished, test, vi } from 'vitest'
import { WorkerReportsClient } from '../../src/client/worker-reports.ts'
import type { AppendLogsBody } from '../../src/contract/index.ts'
import { createRunReporter, type RunReporter } from '../../src/executor/reporter.ts'
import { json, runBody, type SeenRequest, startFaultServer, text } from '../client/fault-server.ts'
import { until } from '../helpers/until.ts'
import { startReportServer } from './report-server.ts'

const ok = json(200, { applied: true, job_run: runBody })
const never = new AbortController().signal

function reporterOf(baseUrl: string, flushMs = 1): RunReporter {
  return createRunReporter({
    reports: new WorkerReportsClient({ baseUrl, token: 't' }),
    jobRunId: runBody.uuid,
    attempt: 2,
    flushMs,
  })
}

function linesOf(requests: SeenRequest[]): AppendLogsBody['lines'] {
  return requests
    .filter(({ url }) => url.endsWith('/logs'))
    .flatMap(({ body }) => (JSON.parse(body.toString()) as AppendLogsBody).lines)
}

describe('Log lines', () => {
  test('are sent in order, in requests that a server takes', async () => {
    await using server = await startFaultServer(ok)
    const reporter = reporterOf(server.baseUrl, 60_000)
    for (let index = 0; index < 2500; index += 1) reporter.log('info', `line ${index}`)
    for (let index = 0; index < 100; index += 1) reporter.log('debug', 'x'.repeat(20_000))
    await reporter.close(never)
    const lines = linesOf(server.requests)
    expect(lines.slice(0, 2500).map(({ message }) => message)).toEqual(
      Array.from({ length: 2500 }, (_, index) => `line ${index}`),
    )
    expect(lines).toHaveLength(2600)
    expect(lines.at(-1)?.message).toHaveLength(8192)
    for (const { body } of server.requests) expect(body.length).toBeLessThan(512 * 1024)
    expect(lines[0]?.at).toMatch(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{6}$/)
  })

  test('beyond what is kept while the server is away are counted', async () => {
    await using server = await startFaultServer(ok)
    const reporter = reporterOf(server.baseUrl, 60_000)
    for (let index = 0; index < 10_007; index += 1) reporter.log('info', 'x')
    await reporter.close(never)
    const lines = linesOf(server.requests)
    expect(lines).toHaveLength(10_001)
    expect(lines.at(-1)).toMatchObject({
      level: 'warn',
      message: '7 log lines were dropped: too many at once, or in all',
    })
  })

  test('that fail to arrive are sent again', async () => {
    await using server = await startFaultServer((response, request, nth) =>
      nth <= 2 ? void response.socket?.destroy() : ok(response, request, nth),
    )
    const reporter = reporterOf(server.baseUrl)
    reporter.log('info', 'once')
    await until('the line to arrive', () => server.requests.length === 3)
    await reporter.close(never)
    expect(server.requests).toHaveLength(3)
  })

  test('whose acknowledgement gets lost arrive once, and the later ones and the progress, too', async () => {
    await using server = await startReportServer()
    const stored = server.add(runBody.uuid, {})
    Object.assign(stored.run, { status: 'running', attempt: 2 })
    server.loseAnswer(/\/logs$/)
    const reporter = reporterOf(server.baseUrl)
    reporter.log('info', 'before')
    await until('the first report', () => server.requests.length === 1)
    reporter.log('info', 'meanwhile')
    await until('the second line', () => stored.logs.some(({ message }) => message === 'meanwhile'))
    reporter.log('info', 'after')
    reporter.progress(0.5)
    await reporter.close(never)
    expect(stored.logs.map(({ message }) => message)).toEqual(['before', 'meanwhile', 'after'])
    expect(stored.run.progress).toMatchObject({ fraction: 0.5 })
  })

  test('of the same words are each a line of its own', async () => {
    await using server = await startReportServer()
    const stored = server.add(runBody.uuid, {})
    Object.assign(stored.run, { status: 'running', attempt: 2 })
    const reporter = reporterOf(server.baseUrl, 60_000)
    vi.useFakeTimers({ toFake: ['Date'] })
    onTestFinished(() => void vi.useRealTimers())
    for (let index = 0; index < 5000; index += 1) reporter.log('info', 'x')
    await reporter.close(never)
    expect(stored.logs).toHaveLength(5000)
  })

  test('that a server refuses again and again do not hold up the end', async () => {
    await using server = await startFaultServer(text(500, ''))
    const reporter = reporterOf(server.baseUrl, 60_000)
    reporter.log('info', 'x')
    await reporter.close(never)
    expect(server.requests).toHaveLength(3)
  })

  test('of a run that has ended are not sent on', async () => {
    await using server = await startFaultServer(json(200, { applied: false, job_run: runBody }))
    const reporter = reporterOf(server.baseUrl)
    reporter.log('info', 'x')
    await until('the first line', () => server.requests.length === 1)
    reporter.log('info', 'y')
    await reporter.close(never)
    expect(server.requests).toHaveLength(1)
  })
})

describe('Last words', () => {
  test('are left for the report of the end, unless they are more than that takes', async () => {
    await using server = await startFaultServer(ok)
    const reporter = reporterOf(server.baseUrl, 60_000)
    reporter.log('info', 'x')
    reporter.progress(0.5)
    expect(await reporter.leave(never)).toMatchObject({
      lines: [{ level: 'info', message: 'x' }],
      progress: { fraction: 0.5 },
    })
    expect(server.requests).toEqual([])
    const talkative = reporterOf(server.baseUrl, 60_000)
    for (let index = 0; index < 1001; index += 1) talkative.log('info', 'x')
    expect(await talkative.leave(never)).toEqual({})
    expect(linesOf(server.requests)).toHaveLength(1001)
  })

  test('that may have arrived are left as they were sent', async () => {
    await using server = await startReportServer()
    const stored = server.add(runBody.uuid, {})
    Object.assign(stored.run, { status: 'running', attempt: 2 })
    server.loseAnswer(/\/logs$/)
    const reporter = reporterOf(server.baseUrl)
    reporter.log('info', 'x')
    await until('the report', () => server.requests.length === 1)
    const words = await reporter.leave(never)
    const reports = new WorkerReportsClient({ baseUrl: server.baseUrl, token: 't' })
    await reports.finishRun(runBody.uuid, { attempt: 2, status: 'completed', ...words })
    expect(stored.logs.map(({ message }) => message)).toEqual(['x'])
  })
})

describe('Progress', () => {
  test('is sent with its last value only, within 0 and 1', async () => {
    await using server = await startFaultServer(ok)
    const reporter = reporterOf(server.baseUrl, 60_000)
    for (const fraction of [0.1, 0.2, Number.NaN, 7]) reporter.progress(fraction, 'p'.repeat(1000))
    await reporter.close(never)
    expect(server.requests.map(({ body }) => JSON.parse(body.toString()))).toEqual([
      { attempt: 2, fraction: 1, message: `${'p'.repeat(499)}…` },
    ])
  })
})

describe('What a run that takes long says', () => {
  test.each([
    // Twice as long each time, five seconds at most.
    { beside: 0, mostReports: 15, mostMs: 5_500 },
    // Fifty reports a second of all together.
    { beside: 1_000, mostReports: 3, mostMs: 20_500 },
  ])(
    'is progress at growing intervals, each change once, and nothing while it is silent; beside $beside others',
    async ({ beside, mostReports, mostMs }) => {
      vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout', 'performance', 'Date'] })
      onTestFinished(() => void vi.useRealTimers())
      /** Of the timers' time; what is sent meanwhile takes turns of the event loop. */
      const pass = async (ms: number) => {
        await vi.advanceTimersByTimeAsync(ms)
        for (let turn = 0; turn < 5; turn += 1) await setImmediate()
      }
      const sent: { url: string; at: number; body: { fraction?: number } }[] = []
      const began = performance.now()
      const fetch: typeof globalThis.fetch = async (...given) => {
        const request = new Request(...given)
        const body = (await request.json()) as { fraction?: number }
        sent.push({ url: request.url, at: performance.now() - began, body })
        return Response.json({ applied: true, job_run: runBody })
      }
      const reporter = createRunReporter({
        reports: new WorkerReportsClient({ baseUrl: 'http://127.0.0.1:1/api/v1', token: 't', fetch }),
        jobRunId: runBody.uuid,
        attempt: 1,
        flushMs: 500,
        beside: () => beside,
      })
      await pass(60_000)
      expect(sent).toEqual([])
      reporter.log('info', 'begun')
      for (let tick = 1; tick <= 600; tick += 1) {
        reporter.progress(tick / 600)
        await pass(100)
      }
      const progress = () => sent.filter(({ url }) => url.endsWith('/progress'))
      expect(sent.length - progress().length).toBe(1)
      expect(progress().length).toBeLessThanOrEqual(mostReports)
      const gaps = progress().map(({ at }, index, all) => at - (all[index - 1]?.at ?? at))
      for (const gap of gaps) expect(gap).toBeLessThanOrEqual(mostMs)
      await pass(30_000)
      expect(progress().at(-1)?.body.fraction).toBe(1)
      const said = sent.length
      for (let tick = 0; tick < 100; tick += 1) {
        reporter.progress(1)
        await pass(1_000)
      }
      expect(sent).toHaveLength(said)
      expect(vi.getTimerCount()).toBe(0)
      await reporter.close(never)
      expect(sent).toHaveLength(said)
    },
  )
})
