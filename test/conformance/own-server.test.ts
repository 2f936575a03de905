import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { conform, type Report } from '../../src/conformance/index.ts'
import { basePath, type JobRun } from '../../src/contract/index.ts'
import { type Person, startApi, type TestApi } from '../server/routes/api.ts'

/** Our own server, with its extensions and without; the worker is played, through the routes of workers. */

const idsOf = (report: Report, verdict: string) =>
  report.checks.filter((one) => one.verdict === verdict).map(({ id }) => id)

/** Ends the run that was triggered first; the others wait until they are cancelled. */
async function work(api: TestApi, person: Person, signal: AbortSignal): Promise<void> {
  while (!signal.aborted) {
    const { items } = (await person.get('/job-runs')).json as { items: JobRun[] }
    const first = items.at(-1)
    if (first?.status === 'pending') {
      const path = `/worker/job-runs/${first.uuid}`
      await api.worker.post(`${path}/start`, { attempt: 1, worker: 'w' })
      await api.worker.post(`${path}/finish`, { attempt: 1, status: 'completed' })
    }
    await new Promise((resolve) => setTimeout(resolve, 100))
  }
}

describe.each([
  ['as it is', false, 'fenced', ['runs.keys'], []],
  ['when it is plain', true, 'strict', [], ['runs.keys']],
] as const)('our server, %s,', (_what, plain, mode, alsoHolds, skips) => {
  let api: TestApi
  let me: Person
  const over = new AbortController()
  let working: Promise<void>
  beforeAll(async () => {
    api = await startApi({ plain })
    me = await api.person()
    working = work(api, me, over.signal)
  })
  afterAll(async () => {
    over.abort()
    await working
    await api.close()
  })

  test('conforms', async () => {
    const report = await conform({
      api: { baseUrl: api.url + basePath, token: me.token },
      signal: over.signal,
      patienceMs: 20_000,
      write: { jobType: 'plain', config: {} },
    })
    expect(report.checks.filter(({ verdict }) => verdict === 'fails')).toEqual([])
    expect(report).toMatchObject({ conforms: true, fit_for_pipelines: true, profile: { mode } })
    expect(idsOf(report, 'holds')).toEqual(expect.arrayContaining([...alsoHolds, 'runs.end', 'runs.cancel']))
    expect(idsOf(report, 'skipped')).toEqual(skips)
    expect(report.made.map(({ end }) => end)).not.toContain('left')
  })
})
